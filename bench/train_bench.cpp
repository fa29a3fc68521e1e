// The steps of a training run against the same steps in Python with PyTorch, method by method, and
// the loader alone against both.
//   NESCIO_PYTHON=/path/to/python nescio_train_bench 'cifar10:DIR?split=train' [THREADS [OUTLIERS [TURNS [STEPS [METHOD]]]]]
//
// Ours is the whole run: pictures are read, cropped, flipped and normalised by worker threads (whose
// time counts too), the loss is looked at and logged. Python's is the bare step on one batch that
// lies in memory: forward, the method's loss, backward, fused SGD with momentum, channels last.
// Both take turns, `block` steps each, within one run; what is quoted is the median over turns.
// Pictures through the network are those that the run has counted, memory the most that either
// process held. With OUTLIERS, a data set, the methods that need some are measured too.
#include <cmath>
#include <cstdio>
#include <fstream>

#include "base/memory.h"
#include "image/datasets/dataset.h"
#include "image/loading/loader.h"
#include "io/json_file.h"
#include "measure.h"
#include "nn/model.h"
#include "python_yardstick.h"
#include "temporary_folder.h"
#include "train/method_info.h"
#include "train/trainer.h"

namespace nescio::bench {
namespace {

constexpr std::size_t batch = 128;
std::size_t block = 8;   // steps of a turn
std::size_t turns = 15;  // that count, after one that does not
constexpr const char* augment = "crop(padding=4),flip";
/// A step of which train_step.py has the same.
struct Case {
  std::string method;
  std::string network = "resnet20";
  std::string optimiser = "sgd";
};
const Case cases[] = {
    {"cross_entropy"},
    {"logit_norm"},
    {"mixup"},
    {"cutmix(p=1)"},
    {"vos(start_epoch=0,queue=50)"},
    {"outlier_exposure"},
    {"energy_bounded"},
    {"mixoe"},
    {"mixoe(mix=cutmix)"},
    {"logit_mixoe"},
    {"logit_mixoe(preset=logit_mix_only)"},
    {"logit_mixoe(preset=logit_mixoe_full)"},
    {"mae(mask=0.75,decoder_width=96,decoder_depth=2,decoder_heads=3)", "vit_t4_32", "adamw"}};

/// train_step.py, which takes some steps for each line that it is given and answers with seconds.
class PythonSteps {
 public:
  explicit PythonSteps(const std::string& method)
      : script_("train_step.py", {std::to_string(thread_count()), std::to_string(batch), method}) {}

  double seconds(std::size_t steps) { return std::stod(script_.answer(text(steps))); }
  double peak_megabytes() { return std::stod(script_.answer("memory")); }

 private:
  PythonProcess script_;
};

/// The most memory that this process has held since it was asked to forget, in MiB.
double peak_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}
void forget_peak() { std::ofstream("/proc/self/clear_refs") << 5; }

bool needs_outliers(const std::string& method) {
  return train::find_method(method.substr(0, method.find('('))).needs.outliers;
}

/// Pictures that went through the network in a step, as the run has logged it.
double rows_per_step(const std::filesystem::path& run) {
  std::ifstream log(run / "metrics.jsonl");
  std::string line;
  std::getline(log, line);
  return io::parse_json(line, "metrics.jsonl").at("rows");
}

image::LoaderOptions loading(bool keep) {
  return {.batch = batch,
          .workers = static_cast<std::size_t>(thread_count()),
          .epochs = 1000,
          .order = image::Order::shuffled,
          .drop_last = true,
          .keep = keep,
          .augmentation = image::Augmentation(augment)};
}

/// Seconds that the loader alone takes for the pictures of a step.
Times loading_seconds(const std::string& network, const std::vector<const image::Dataset*>& sets,
                      bool keep) {
  std::vector<std::unique_ptr<image::Loader>> loaders;
  std::size_t batches = 100;  // of every set; with `keep` the first round decodes all
  for (const image::Dataset* set : sets) {
    loaders.push_back(std::make_unique<image::Loader>(*set, nn::find_network(network).preprocessing,
                                                      loading(keep)));
    batches = std::max(batches, keep ? set->size() / batch : 0);
  }
  image::ImageBatch images;
  Times times = alternate({[&] {
                            for (std::size_t i = 0; i < batches; ++i) {
                              for (const auto& loader : loaders) loader->next(images);
                            }
                          }},
                          3)[0];
  for (double& time : times) time /= static_cast<double>(batches);
  return times;
}

void compare(const Case& step_of, const std::string& data, const std::string& outliers) {
  const std::string& method = step_of.method;
  const bool with_outliers = needs_outliers(method);
  if (with_outliers && outliers.empty()) return;
  const TemporaryFolder folder;
  train::TrainSettings settings{.model = step_of.network, .data = data};
  settings.method = method;
  if (with_outliers) settings.outliers = outliers;
  settings.steps = static_cast<std::int64_t>(block * (turns + 1));
  settings.batch = batch;
  settings.optimiser = step_of.optimiser;
  settings.lr = 0.001;
  settings.augment = augment;
  settings.device = "cpu";
  settings.workers = thread_count();
  settings.checkpoint_every = 1 << 20;
  train::Trainer trainer(settings);

  std::optional<PythonSteps> theirs;
  if (python()) theirs.emplace(method);
  Times ours_times, theirs_times;
  double start = 0;
  const auto turn = [&](std::string_view, std::size_t done, std::size_t) {
    if (done % block != 0) return;
    const double ours = now() - start;
    const double other = theirs ? theirs->seconds(block) : 0;
    if (done > block) {
      ours_times.push_back(ours);
      theirs_times.push_back(other);
    }
    start = now();
  };
  forget_peak();
  trainer.run({.out = folder.path() / "run", .progress = turn});

  std::printf("\n%s, %s\n", step_of.network.c_str(), method.c_str());
  const Times pictures(ours_times.size(), static_cast<double>(block * batch));
  print_row("pictures a second, training", {print(pictures / ours_times)});
  if (theirs) {
    print_row("pictures a second, Python", {print(pictures / theirs_times)});
    print_row("training / Python", {print(theirs_times / ours_times)});
  }
  print_row("rows through the network per step", {text(rows_per_step(folder.path() / "run"))});
  print_row("peak memory, MiB",
            {text(std::lround(peak_megabytes())),
             theirs ? text(std::lround(theirs->peak_megabytes()), " in Python") : ""});

  const auto id = image::open_dataset(data);
  std::vector<const image::Dataset*> sets = {id.get()};
  const auto auxiliary = with_outliers ? image::open_dataset(outliers) : nullptr;
  if (auxiliary) sets.push_back(auxiliary.get());
  const double step = spread(ours_times).median / static_cast<double>(block);
  for (const bool keep : {false, true}) {
    const Times loaded = loading_seconds(step_of.network, sets, keep);
    print_row(keep ? "loader / training, cached" : "loader / training",
              {print(Times(loaded.size(), step) / loaded)});
  }
}

}  // namespace
}  // namespace nescio::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s DATA [THREADS [OUTLIERS [TURNS [STEPS [METHOD]]]]]\n", argv[0]);
    return 2;
  }
  try {
    nescio::keep_freed_memory();
    nescio::set_thread_count(argc > 2 ? std::atoi(argv[2]) : nescio::thread_count());
    std::printf("%d threads, batches of %zu; median (min .. max)%s\n", nescio::thread_count(),
                nescio::bench::batch,
                nescio::bench::python() ? "" : "; set NESCIO_PYTHON to compare with PyTorch");
    if (argc > 4) nescio::bench::turns = static_cast<std::size_t>(std::atoi(argv[4]));
    if (argc > 5) nescio::bench::block = static_cast<std::size_t>(std::atoi(argv[5]));
    for (const nescio::bench::Case& step : nescio::bench::cases) {
      if (argc > 6 && !step.method.starts_with(argv[6])) continue;
      nescio::bench::compare(step, argv[1], argc > 3 ? argv[3] : "");
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "train_bench: %s\n", error.what());
    return 1;
  }
}
