// The two ends of a confidence interval.
#pragma once

namespace nescio::metrics {

struct Bounds {
  double lower = 0;
  double upper = 0;
};

}  // namespace nescio::metrics
