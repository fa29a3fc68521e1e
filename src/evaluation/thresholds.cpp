#include "evaluation/thresholds.h"

#include <algorithm>

#include "calibration/threshold.h"

namespace nescio::evaluation {

FlaggedRows flagged_rows(const Array& validation, const Array& scores) {
  const Array known = validation.to_float32(), others = scores.to_float32();
  FlaggedRows out;
  out.threshold = calibration::threshold_that_keeps(known.as<float>(), {.share = share_kept});
  const auto values = others.as<float>();
  const auto above =
      std::ranges::count_if(values, [&](float score) { return score > out.threshold; });
  out.flagged = {static_cast<std::size_t>(above), values.size()};
  out.bounds = metrics::clopper_pearson_interval(out.flagged, 0.95);
  return out;
}

}  // namespace nescio::evaluation
