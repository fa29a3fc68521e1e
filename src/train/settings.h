// Everything that decides what a training run does, declared once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/parameters.h"

namespace nescio::train {

struct TrainSettings {
  std::string model = {};  // NAME or NAME:WEIGHTS to start from
  std::string data = {};   // spec of the training pictures
  std::string val = {};    // spec of pictures for validation; empty: none
  std::string method = "cross_entropy";
  std::string targets = {};   // BANK#SET/SPLIT of a teacher, for methods that learn from one
  std::string weights = {};   // .npy file of a weight for each picture; empty: all 1
  std::string outliers = {};  // spec of auxiliary pictures, for methods that learn from some
  std::optional<std::int64_t> steps = {};  // one of steps and epochs
  std::optional<std::int64_t> epochs = {};
  std::int64_t batch = 128;
  bool drop_last = true;
  std::optional<std::int64_t> outlier_batch = {};  // none: as many as batch
  std::string outlier_order = "shuffled";

  std::int64_t accumulate = 1;          // parts that a batch is computed in
  std::string batch_norm = "per_rank";  // of several processes

  double lr = 0.1;
  double lr_min = 0;
  std::string schedule = "cosine";
  std::string milestones = {};  // steps, "32000,48000"
  double decay = 0.1;
  std::int64_t warmup = 0;
  std::string optimiser = "sgd";
  double momentum = 0.9;
  bool nesterov = true;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 5e-4;
  std::string weight_decay_on = "all";
  double layer_decay = 1;
  double head_lr = 1;
  double clip = 0;
  double ema = 0;
  std::string precision = "float32";

  std::string augment = "none";
  bool new_head = false;
  std::int64_t validate_every = 0;
  std::int64_t frozen_every = 0;  // epochs
  std::int64_t seed = 0;

  // What follows may change when a run is resumed.
  std::string device = "auto";
  std::optional<std::int64_t> workers = {};
  std::string cache = "auto";
  std::string cuda_graphs = "false";
  std::int64_t checkpoint_every = 1000;
  double checkpoint_seconds = 300;
  std::string keep_checkpoints = "2";
  std::int64_t log_every = 20;
};

/// All settings but the seed, with their ranges and what they mean.
const std::vector<Parameter<TrainSettings>>& train_parameters();

/// Threads that prepare pictures for a network on a CPU or a GPU.
std::size_t workers_of(const TrainSettings& settings, bool on_gpu);

/// Whether a setting leaves the result as it is, so that a run may be resumed with another value.
bool is_free_on_resume(std::string_view name);

/// "key", "value" of every setting in order; texts that are empty and what does nothing are left out.
std::vector<std::pair<std::string, std::string>> print_settings(const TrainSettings& settings);

/// Error for settings that do not fit together: both or none of steps and epochs, one that does
/// nothing with the others and is not at its default, Nesterov without momentum, a batch that cannot
/// be split, milestones that do not rise.
void check_settings(const TrainSettings& settings);

}  // namespace nescio::train
