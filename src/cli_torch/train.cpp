// nescio train model=resnet20 data='cifar10:DIR?split=train' val=... epochs=N out=RUN
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/memory.h"
#include "base/numbers.h"
#include "cli/launched.h"
#include "cli/network_verbs.h"
#include "cli/picture_log.h"
#include "cli/verb.h"
#include "cli/versions.h"
#include "io/file.h"
#include "io/json_file.h"
#include "report/training_page.h"
#include "train/trainer.h"

namespace nescio::cli::network_verbs {
namespace {

class Train final : public Verb {
 public:
  train::TrainSettings settings;
  std::string out;
  std::string resume = "false";

  void run(Console& console) override {
    keep_freed_memory();
    settings.seed = seed;
    as_usage([&] { train::check_settings(settings); });
    do_together(threads.has_value(), console,
                [&](Communicator& processes, Console& own) { train(processes, own); });
  }

 private:
  void train(Communicator& processes, Console& console) {
    train::Trainer trainer(settings, processes);
    warn_of_pictures(*trainer.data().train, console);
    if (trainer.data().val) warn_of_pictures(*trainer.data().val, console);
    if (trainer.data().outliers) warn_of_pictures(*trainer.data().outliers, console);
    const train::TrainResult done =
        trainer.run({.out = out,
                     .resume = resume != "false",
                     .changed = resume == "changed",
                     .progress = console.progress,
                     .warn = [&](const std::string& s) { console.warn(s); },
                     .origin = origin(console)});
    if (!processes.is_first()) return;
    if (done.steps_before == done.steps) {
      console.log << "nescio: " << out << " was finished already; nothing was done\n";
    } else if (done.steps_before > 0) {
      console.log << "nescio: went on after " << done.steps_before << " of " << done.steps
                  << " steps\n";
    }
    write_page(trainer);
    if (console.json) {
      write_json(console.out, done);
    } else {
      write_text(console.out, done);
    }
  }

  static nlohmann::ordered_json origin(const Console& console) {
    nlohmann::ordered_json out = {{"command", console.command}};
    for (const auto& [name, version] : versions()) out["versions"][name] = version;
    return out;
  }

  void write_page(const train::Trainer& trainer) const {
    constexpr std::size_t shown = 24;
    const std::filesystem::path run = out;
    std::vector<report::PictureRow> pictures;
    for (train::ReconstructedPicture& p : trainer.reconstructions(shown)) {
      pictures.push_back({std::move(p.picture), std::move(p.shown), std::move(p.made)});
    }
    io::write_text(run / "report.html",
                   report::training_page(
                       out, report::read_curves(io::read_text(run / "metrics.jsonl")), pictures));
  }

  std::string weights() const { return (std::filesystem::path(out) / "last.safetensors").string(); }

  void write_text(std::ostream& stream, const train::TrainResult& done) const {
    stream << weights() << ": " << done.steps << " steps, " << done.classes << " classes";
    if (done.loss) stream << ", loss " << short_number(*done.loss);
    if (done.accuracy) stream << ", accuracy " << short_number(*done.accuracy);
    if (done.val) {
      stream << ", on val ";
      if (done.measure != "accuracy") stream << done.measure << ' ';
      stream << short_number(*done.val) << " (best " << short_number(*done.best_val) << ")";
    }
    stream << '\n';
  }

  void write_json(std::ostream& stream, const train::TrainResult& done) const {
    nlohmann::ordered_json object = {{"weights", weights()},
                                     {"steps", done.steps},
                                     {"steps_before", done.steps_before},
                                     {"classes", done.classes}};
    if (done.loss) object["loss"] = *done.loss;
    if (done.accuracy) object["accuracy"] = *done.accuracy;
    if (done.val) object["val_" + done.measure] = *done.val;
    if (done.best_val) object["best_val_" + done.measure] = *done.best_val;
    stream << io::json_text(object);
  }
};

}  // namespace

VerbInfo train() {
  VerbInfo info = {
      .name = "train",
      .summary = network_verb_summary("train"),
      .positional = "config",
      .details =
          {"Writes RUN/last.safetensors, with val also RUN/best.safetensors, to be used as "
           "model=NETWORK:RUN/last.safetensors; beside them the settings, the curves (CSV, "
           "JSON lines, TensorBoard, and as the page report.html, where a method that makes "
           "pictures shows some) and the checkpoints.",
           "Classes are matched by name: labels of val become those of data, and both those of "
           "the weights that the run starts from. A class that the other side does not know "
           "is a mistake.",
           "A run that was stopped, by Ctrl-C or by a crash, goes on with the same command "
           "and resume=true, and ends with the same bits as one that was not. "
           "Learning rate and schedule count steps, so both are those of the whole run.",
           "mpirun -n 4 nescio train ..., srun or torchrun --no-python lets several processes take "
           "each step together: every one computes its share of the batch, gradients are summed, "
           "and the first one writes. The weights are those of one process to rounding where "
           "nothing is normalised over a batch, and with batch_norm=synchronised."},
      .examples = {"nescio train model=resnet20 data='cifar10:DIR?split=train' "
                   "val='cifar10:DIR?split=test' augment='crop(padding=4),flip' epochs=200 out=RUN",
                   "nescio train configs/cifar10_resnet20.yaml data='cifar10:DIR?split=train' "
                   "out=RUN",
                   "nescio train RUN/config.yaml out=RUN resume=true"},
      .options = {option(&Train::out, {.name = "out",
                                       .doc = "folder of the run, made if it is not there",
                                       .required = true}),
                  option(&Train::resume, {.name = "resume",
                                          .doc = "true: go on from the last checkpoint in out, if "
                                                 "there is one; changed: even with other settings "
                                                 "than before, which config.json then lists",
                                          .choices = {"false", "true", "changed"}})},
      .json = true};
  for (const auto& setting : train::train_parameters()) {
    info.options.push_back(member_option(&Train::settings, setting));
  }
  return describe_verb<Train>(std::move(info));
}

}  // namespace nescio::cli::network_verbs
