// SCALE: features are scaled by how much of their sum lies in the largest ones.
//   h' = e^r h,  z' = W h' + b = e^r (z - b) + b,  r = sum(h) / sum(largest k of h),  k = D -
//   round(p D)
// Detectors that read features get h'; directions h / |h| stay as they are, so a detector of
// directions is refused behind it.
// Made for features >= 0, for which 1 <= r <= D / k. A row without positive sum in its largest
// entries stays as it is (r = 0); r is cut at -80 and 80, where e^r nears the ends of a float.
#include "detectors/detector.h"
#include "detectors/largest_entries.h"

namespace nescio::detectors {
namespace {

class Scale final : public Shaper {
 public:
  double p = 0.85;

  Inputs shape(const Inputs& in) const override {
    const Expr top = sum_of_largest(in.features, largest_count(p, in.features.width()));
    return in.with_scaled_features(scaling_factor(row_sum(in.features), top));
  }
};

}  // namespace

DetectorInfo scale() {
  return describe<Scale>({
      .name = "scale",
      .summary = "Scales features by the share that their largest entries have of the sum.",
      .formula = "h' = e^r h,  z' = e^r (z - b) + b,  r = sum(h) / sum(largest k of h),  k = D - "
                 "round(p D)",
      .paper = {"Xu, Chen, Franchi, Yao",
                "Scaling for Training Time and Post-hoc Out-of-distribution Detection "
                "Enhancement",
                "ICLR 2024", "2310.00227"},
      .needs = {.logits = true, .features = true, .head = true},
      .cost = "O(D log k + C) a row, no product with the head",
      .parameters = {parameter(&Scale::p,
                               {.name = "p",
                                .doc = "share of the entries that are not counted as largest",
                                .min = 0,
                                .max = 1,
                                .max_excluded = true,
                                .sweep = {"0.65", "0.7", "0.75", "0.8", "0.85", "0.9", "0.95"}})},
      .deviations =
          {"the network's own logits are scaled; the authors recompute them from the head",
           "a row whose largest entries have no positive sum stays as it is, and |r| ends at 80",
           "features of both signs, as transformers have them: negative ones count in sum(h), so "
           "r may fall below 1 and below 0, where the row is shrunk; the paper has features behind "
           "a ReLU"},
  });
}

}  // namespace nescio::detectors
