// GEN: generalised entropy of the largest probabilities.
//   s(x) = sum_{j <= m} p_(j)^gamma (1 - p_(j))^gamma,  p_(1) >= p_(2) >= ...    higher = more OOD
// Without ties where p rounds to 1 (generalised_entropy.h).
#include "detectors/detector.h"
#include "detectors/generalised_entropy.h"

namespace nescio::detectors {
namespace {

class Gen final : public Detector {
 public:
  double gamma = 0.1;
  std::int64_t m = 100;

  Expr score(const Inputs& in) const override {
    return generalised_entropy(in.logits, gamma, static_cast<std::size_t>(m));
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
      .cost = "O(C log C) a row: a sort",
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
