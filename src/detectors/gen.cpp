// GEN: generalised entropy of the largest probabilities.
//   s(x) = sum_{j <= m} p_(j)^gamma (1 - p_(j))^gamma,  p_(1) >= p_(2) >= ...    higher = more OOD
// In logarithms, and 1 - p of the largest from the sum of the others: in float32 it is 0 where p
// rounds to 1, which takes the term away. O(C log C) a row: bound by the sort.
#include <algorithm>

#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Gen final : public Detector {
 public:
  double gamma = 0.1;
  std::int64_t m = 100;

  Expr score(const Inputs& in) const override {
    if (in.logits.width() < 2) {
      fail("gen: expected at least 2 classes, found ", in.logits.width());
    }
    const Expr z = in.logits - row_max(in.logits);  // so that large logits lose no digits
    const std::size_t count = std::min(static_cast<std::size_t>(m), z.width());
    const Expr log_p = sorted(log_softmax(z), Sort::descending);
    const Expr largest = exp(gamma * (column(log_p, 0) + logsumexp_rest(z) - logsumexp(z)));
    if (count == 1) return largest;
    const Expr others = slice_columns(log_p, 1, count);
    return largest + row_sum(exp(gamma * (others + log1p(-exp(others)))));
  }
};

}  // namespace

DetectorInfo gen() {
  return describe<Gen>({
      .name = "gen",
      .summary = "Generalised entropy of the most probable classes.",
      .formula = "s(x) = sum_{j <= m} p_(j)^gamma (1 - p_(j))^gamma,  p_(1) >= p_(2) >= ...",
      .paper = {"Liu, Lochman, Zach",
                "GEN: Pushing the Limits of Softmax-Based Out-of-Distribution Detection",
                "CVPR 2023", ""},
      .needs = {.logits = true},
      .parameters = {parameter(&Gen::gamma, {.name = "gamma",
                                             .doc = "exponent",
                                             .min = 0,
                                             .min_excluded = true,
                                             .sweep = {"0.01", "0.1", "0.5", "1", "2", "5", "10"}}),
                     parameter(&Gen::m, {.name = "m",
                                         .doc = "classes that count, the most probable ones; all "
                                                "where there are fewer",
                                         .min = 1,
                                         .sweep = {"10", "50", "100", "200", "500", "1000"}})},
      .deviations = {"OpenOOD's float32 loses the term of a p that rounds to 1, up to 0.2 at gamma "
                     "0.1",
                     "pytorch-ood takes the mean in place of the sum, and 0.4 clips p to [1e-7, 1 "
                     "- 1e-7]"},
  });
}

}  // namespace nescio::detectors
