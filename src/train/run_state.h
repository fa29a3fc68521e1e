// Where a run is.
#pragma once

#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>

#include "train/step_means.h"

namespace nescio::train {

/// With the learner's tensors it is all that a checkpoint holds.
struct RunState {
  std::int64_t done = 0;  // steps
  bool is_open = false;   // the last step is one to validate after, which is not done yet
  StepMeans means = {};   // since the last row of the metrics
  std::optional<double> val = {}, best_val = {};  // of what the method is validated by

  RunState() = default;
  /// What to_json() wrote after `step` steps.
  RunState(std::int64_t step, const nlohmann::json& json);
  nlohmann::json to_json() const;
};

}  // namespace nescio::train
