// Means over the steps since the last row of the metrics.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "train/method.h"

namespace nescio {

/// Of the loss, its terms, the accuracy and the speed.
class StepMeans {
 public:
  StepMeans() = default;
  /// What to_json() wrote; the clock begins anew.
  explicit StepMeans(const nlohmann::json& json);
  nlohmann::json to_json() const;

  /// After the step's backward pass; waits for the device.
  void add(const TrainingStep& step, double loss);

  std::int64_t steps() const { return steps_; }
  double loss() const { return loss_ / static_cast<double>(steps_); }
  double last_loss() const { return last_loss_; }
  /// None where the method gave no logits.
  std::optional<double> accuracy() const;
  /// "loss", "accuracy", "images_per_second" (of the data, without outliers), "rows" (pictures
  /// through the network per step), then the terms.
  std::vector<std::pair<std::string, double>> values() const;

 private:
  std::int64_t steps_ = 0;
  double loss_ = 0;
  double last_loss_ = 0;
  std::int64_t right_ = 0;
  std::int64_t judged_ = 0;  // pictures with logits
  std::int64_t rows_ = 0;
  std::vector<std::pair<std::string, double>> terms_;
  // Of this process: what was before a resume has no speed.
  std::int64_t timed_ = 0;  // pictures
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace nescio
