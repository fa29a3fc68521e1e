// How long a run is, and whether its data suffices for it.
#pragma once

#include <cstdint>

#include "base/notice.h"
#include "train/method_info.h"
#include "train/settings.h"
#include "train/training_data.h"

namespace nescio::train {

struct Plan {
  std::int64_t per_epoch = 0;  // steps
  std::int64_t steps = 0;
  Notices warnings = {};  // milestones beyond the end
};

/// Error if the data has less than a batch, if outliers, a teacher or weights are missing or superfluous
/// or there is less than a batch of outliers, and if the warm-up is no shorter than the run.
Plan make_plan(const TrainSettings& settings, const TrainingData& data, const MethodNeeds& needs);

}  // namespace nescio::train
