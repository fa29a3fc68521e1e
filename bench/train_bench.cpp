// The steps of a training run against the same steps in Python with PyTorch, and the loader alone
// against both.
//   NESCIO_PYTHON=/path/to/python nescio_train_bench 'cifar10:DIR?split=train' [THREADS]
//
// Ours is the whole run: pictures are read, cropped, flipped and normalised by worker threads (whose
// time counts too), the loss is looked at and logged. Python's is the bare step on one batch that
// lies in memory: forward, cross-entropy, backward, fused SGD with momentum, channels last.
// Both take turns, `block` steps each, within one run; what is quoted is the median over turns.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "base/memory.h"
#include "image/dataset.h"
#include "image/loader.h"
#include "measure.h"
#include "nn/model.h"
#include "python_yardstick.h"
#include "temporary_folder.h"
#include "train/trainer.h"

namespace nescio::bench {
namespace {

constexpr std::size_t batch = 128;
constexpr std::size_t block = 8;   // steps of a turn
constexpr std::size_t turns = 15;  // that count, after one that does not
constexpr const char* augment = "crop(padding=4),flip";

/// train_step.py, which takes some steps for each line that it is given and answers with seconds.
class PythonSteps {
 public:
  PythonSteps() {
    int to[2], from[2];
    if (pipe(to) != 0 || pipe(from) != 0) fail("no pipe");
    const std::string threads = std::to_string(thread_count());
    child_ = fork();
    if (child_ == 0) {
      dup2(to[0], STDIN_FILENO);
      dup2(from[1], STDOUT_FILENO);
      close(to[1]);
      close(from[0]);
      setenv("OMP_NUM_THREADS", threads.c_str(), 1);
      execl(python()->c_str(), python()->c_str(), NESCIO_BENCH_SCRIPTS "/train_step.py",
            threads.c_str(), std::to_string(batch).c_str(), nullptr);
      _exit(127);
    }
    close(to[0]);
    close(from[1]);
    to_ = fdopen(to[1], "w");
    from_ = fdopen(from[0], "r");
  }
  ~PythonSteps() {
    std::fclose(to_);
    std::fclose(from_);
    waitpid(child_, nullptr, 0);
  }
  PythonSteps(const PythonSteps&) = delete;
  PythonSteps& operator=(const PythonSteps&) = delete;

  double seconds(std::size_t steps) {
    double out = 0;
    std::fprintf(to_, "%zu\n", steps);
    std::fflush(to_);
    if (std::fscanf(from_, "%lf", &out) != 1) fail("train_step.py gave no answer");
    return out;
  }

 private:
  pid_t child_ = 0;
  FILE* to_ = nullptr;
  FILE* from_ = nullptr;
};

void compare(const std::string& data) {
  const TemporaryFolder folder;
  TrainSettings settings{.model = "resnet20", .data = data};
  settings.steps = static_cast<std::int64_t>(block * (turns + 1));
  settings.batch = batch;
  settings.augment = augment;
  settings.device = "cpu";
  settings.workers = thread_count();
  settings.checkpoint_every = 1 << 20;
  Trainer trainer(settings);

  std::optional<PythonSteps> theirs;
  if (python()) theirs.emplace();
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
  trainer.run({.out = folder.path() / "run", .progress = turn});

  const Times pictures(ours_times.size(), static_cast<double>(block * batch));
  print_row("pictures a second, training", {print(pictures / ours_times)});
  if (theirs) {
    print_row("pictures a second, Python", {print(pictures / theirs_times)});
    print_row("training / Python", {print(theirs_times / ours_times)});
  }

  const auto dataset = open_dataset(data);
  for (const bool keep : {false, true}) {
    Loader loader(*dataset, find_network("resnet20").preprocessing,
                  {.batch = batch,
                   .workers = static_cast<std::size_t>(thread_count()),
                   .epochs = 1000,
                   .order = Order::shuffled,
                   .drop_last = true,
                   .keep = keep,
                   .augmentation = Augmentation(augment)});
    ImageBatch images;
    const std::size_t batches = dataset->size() / batch;
    const auto times = alternate({[&] {
                                   for (std::size_t i = 0; i < batches; ++i) loader.next(images);
                                 }},
                                 5);
    const Times loaded(times[0].size(), static_cast<double>(batches * batch));
    const double training = spread(pictures / ours_times).median;
    print_row(keep ? "loader / training, cached" : "loader / training",
              {print(loaded / times[0] / Times(times[0].size(), training))});
  }
}

}  // namespace
}  // namespace nescio::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s DATA [THREADS]\n", argv[0]);
    return 2;
  }
  try {
    nescio::keep_freed_memory();
    nescio::set_thread_count(argc > 2 ? std::atoi(argv[2]) : nescio::thread_count());
    std::printf("%d threads, resnet20, batches of %zu; median (min .. max)%s\n",
                nescio::thread_count(), nescio::bench::batch,
                nescio::bench::python() ? "" : "; set NESCIO_PYTHON to compare with PyTorch");
    nescio::bench::compare(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "train_bench: %s\n", error.what());
    return 1;
  }
}
