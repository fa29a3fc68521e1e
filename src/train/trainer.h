// Trains a network: the only loop, whatever the method.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/communicator.h"
#include "base/notice.h"
#include "base/progress.h"
#include "train/reconstructions.h"
#include "train/settings.h"
#include "train/training_data.h"

namespace nescio::train {

class TrainingMethod;  // train/method.h, which needs libtorch

struct TrainOptions {
  std::filesystem::path out;  // folder of the run
  bool resume = false;        // go on from the last checkpoint in `out`, if there is one
  bool changed = false;       // even where the settings were others; goes on record
  Progress progress = {};
  Notice warn = {};                    // a sentence that the user should read
  nlohmann::ordered_json origin = {};  // joins config.json: command line, versions
};

struct TrainResult {
  std::int64_t steps = 0;
  std::int64_t steps_before = 0;  // that an interrupted run had done
  std::int64_t classes = 0;
  // Means over the last row of the metrics; none where no step was left to do.
  std::optional<double> loss = {};
  std::optional<double> accuracy = {};
  /// What was measured on `val`: "accuracy", or what the method is validated by; empty without `val`.
  std::string measure = {};
  std::optional<double> val = {}, best_val = {};
};

/// Trains as `settings` say and leaves in `out`:
///   config.yaml, config.json        the resolved settings, seed, classes, hash of the data, versions
///   metrics.csv, .jsonl, events...  the curves (run_log.h)
///   checkpoints/                    the newest ones (checkpoint.h)
///   last.safetensors                the weights after the last step, by their usual names
///   best.safetensors                with `val`: those that were the best there
///   NAME.safetensors                what the method has to keep beside them
/// With `ema` the last two hold the averaged weights.
///
/// What a step does depends on the settings, the start weights and the data only: order and changes
/// of pictures are functions of (seed, epoch, picture), other random numbers of (seed, step). A run
/// that was stopped at any moment and resumed ends with the same bits as one that was not, on the
/// same machine, build, device and number of threads.
class Trainer {
 public:
  /// Opens data and start weights. Error for settings that do not fit together, unknown names,
  /// labels that are missing, classes of `val` or of the weights that are not those of the data.
  /// Several processes each read all pictures and compute their parts of every step; the first one writes.
  explicit Trainer(const TrainSettings& settings, Communicator& processes = alone());
  /// The same with a method that no catalogue has.
  Trainer(const TrainSettings& settings, std::shared_ptr<TrainingMethod> method,
          Communicator& processes = alone());
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  const TrainingData& data() const;

  /// May be called once. Error if `out` holds a run and `resume` is false, or one with other
  /// settings (with the differences) and `changed` is false, and if the loss is not finite (with
  /// step, pictures and last checkpoint). Losses are looked at after each step on a CPU, on another
  /// device before each row of the metrics and each checkpoint, so as not to wait for it. After Ctrl-C
  /// a checkpoint is written and Interrupted says how to go on.
  TrainResult run(const TrainOptions& options);

  /// After run(): what the method makes of the first `count` pictures of `val`, or else of the data;
  /// empty if it makes none.
  std::vector<ReconstructedPicture> reconstructions(std::size_t count) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nescio::train
