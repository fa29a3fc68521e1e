// Means over the steps since the last row of the metrics.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/communicator.h"
#include "train/method.h"

namespace nescio::train {

/// What of the data a step has seen: the numbers of its pictures, for whoever looks for a culprit.
struct StepPictures {
  std::vector<std::int64_t> data = {}, outliers = {};
};

/// A loss that is NaN or infinite.
struct BadLoss {
  std::int64_t step = 0;
  double loss = 0;
  StepPictures pictures;
};

/// What a step, or a part of it, says of itself.
struct StepSaid {
  torch::Tensor
      values;  // float64, on the device: loss, right ones, judged ones, rows, then the terms
  std::vector<std::string> terms;  // their names
  std::int64_t pictures = 0;       // of the data

  /// `loss` and the terms are the part's shares.
  static StepSaid of(const TrainingStep& step, const torch::Tensor& loss);
};

/// Of the loss, its terms, the accuracy and the speed. What steps add stays on the device until
/// read(), so the device need not be waited for after each.
class StepMeans {
 public:
  StepMeans() = default;
  /// What to_json() wrote; the clock begins anew.
  explicit StepMeans(const nlohmann::json& json);
  /// Of what is read.
  nlohmann::json to_json() const;

  /// What step `number`, or a part of it, has said.
  void add(std::int64_t number, StepSaid said, StepPictures pictures);
  /// Waits for the device, and for the other processes, which have computed as many parts of the same
  /// steps. Returns the first bad one, if there is one; the means stop before it.
  std::optional<BadLoss> read(Communicator& processes = alone());

  /// Steps that were added; the rest is of what is read.
  std::int64_t steps() const { return added_; }
  double loss() const { return loss_ / static_cast<double>(steps_); }
  /// None where the method gave no logits.
  std::optional<double> accuracy() const;
  /// Parts of the loss by name.
  std::vector<std::pair<std::string, double>> terms() const;
  /// "loss", "accuracy", "images_per_second" (of the data, without outliers), "rows" (pictures
  /// through the network per step), then the terms.
  std::vector<std::pair<std::string, double>> values() const;

 private:
  /// A step or a part of it.
  struct Unread {
    std::int64_t step;
    StepPictures pictures;
    StepSaid said;
  };

  std::vector<Unread> unread_;
  std::int64_t added_ = 0;  // steps
  std::int64_t last_added_ = -1;
  std::int64_t steps_ = 0;
  std::int64_t last_step_ = -1;
  double loss_ = 0;
  std::int64_t right_ = 0;
  std::int64_t judged_ = 0;
  std::int64_t rows_ = 0;  // through the network
  std::vector<std::pair<std::string, double>> terms_;
  // Of this process: what was before a resume has no speed.
  std::int64_t timed_ = 0;  // pictures
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace nescio::train
