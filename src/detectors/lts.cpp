// LTS: logits are scaled by how much of the sum of the features lies in the largest ones.
//   z' = S z,  S = (sum(f) / sum(largest k of f))^2,  f = max(h, 0),  k = D - round((1 - p) D)
// The bias is scaled, too, and features stay as they are: detectors of features alone are refused
// behind it. S lies in [1, (D / k)^2]; a row without a positive feature has S = 1.
#include "detectors/detector.h"
#include "detectors/largest_entries.h"

namespace nescio::detectors {
namespace {

class Lts final : public Shaper {
 public:
  double p = 0.05;

  Inputs shape(const Inputs& in) const override {
    const Expr f = max(in.features, 0.0);
    const Expr top = sum_of_largest(f, largest_count(1 - p, f.width()));
    const Expr one = constant(f.graph(), 1.0);
    const Expr root = where(top > 0.0, row_sum(f) / top, one);
    return in.with_scaled_logits(root * root);
  }
};

}  // namespace

DetectorInfo lts() {
  return describe<Lts>({
      .name = "lts",
      .summary = "Scales logits by the share that the largest features have of the sum.",
      .formula = "z' = S z,  S = (sum(f) / sum(largest k of f))^2,  f = max(h, 0),  k = D - "
                 "round((1 - p) D)",
      .paper = {"Djurisic, Liu, Nikolic", "Logit Scaling for Out-of-Distribution Detection", "2024",
                "2409.01175"},
      .needs = {.logits = true, .features = true},
      .cost = "O(D log k + C) a row, no product with the head",
      .parameters = {parameter(&Lts::p, {.name = "p",
                                         .doc = "share of the entries that count as largest",
                                         .min = 0,
                                         .max = 1,
                                         .min_excluded = true,
                                         .max_excluded = true,
                                         .sweep = {"0.05"}})},
      .deviations = {"a row without a positive feature keeps its logits",
                     "earlier versions of pytorch-ood divided by S",
                     "features of both signs, as transformers have them: negative ones count as 0"},
  });
}

}  // namespace nescio::detectors
