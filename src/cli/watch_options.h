// Options of the verbs that watch a stream of scores.
#pragma once

#include "base/parameters.h"

namespace nescio::cli {

/// The budget of the sequential test (monitoring/betting.h).
inline ParameterInfo false_alarms_info() {
  return {.name = "false_alarms",
          .doc = "probability that the alarm is ever raised while nothing changes",
          .min = 0,
          .max = 1,
          .min_excluded = true,
          .max_excluded = true};
}

}  // namespace nescio::cli
