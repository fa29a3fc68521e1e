// Weighted energy: the energy score of VOS, in which classes count by weights that were learned.
//   s(x) = -log sum_c max(w_c, 0) exp(z_c)                                 higher = more OOD
// Training with `vos` learns w. Weights are logarithms added to the logits, so that logits of any
// size are safe; classes with w_c <= 0 are left out.
#include <cmath>

#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class WeightedEnergy final : public Detector {
 public:
  std::optional<std::vector<double>> weights;

  Expr score(const Inputs& in) const override {
    if (!weights) return -logsumexp(in.logits);
    if (weights->size() != in.logits.width()) {
      fail("weights: expected one for each of the ", in.logits.width(), " classes, found ",
           weights->size());
    }
    std::vector<std::int64_t> counted;
    Matrix log_weights;
    for (std::size_t c = 0; c < weights->size(); ++c) {
      const double w = (*weights)[c];
      if (!(w > 0)) continue;
      counted.push_back(static_cast<std::int64_t>(c));
      log_weights.values.push_back(std::log(w));
    }
    if (counted.empty()) fail("weights: expected at least one above 0");
    log_weights = Matrix(1, counted.size(), log_weights.values);
    return -logsumexp(select_columns(in.logits, counted) + log_weights);
  }
};

}  // namespace

DetectorInfo weighted_energy() {
  return describe<WeightedEnergy>({
      .name = "weighted_energy",
      .summary = "Free energy of the logits, to which classes contribute by weights: the score of "
                 "VOS.",
      .formula = "s(x) = -log sum_c max(w_c, 0) exp(z_c)",
      .paper = {"Du, Wang, Cai, Li",
                "VOS: Learning What You Don't Know by Virtual Outlier Synthesis", "ICLR 2022",
                "2202.01197"},
      .needs = {.logits = true},
      .cost = "O(C) a row",
      .parameters = {parameter(&WeightedEnergy::weights,
                               {.name = "weights",
                                .doc = "w_c of each class, as (0.7,1.2,0.9); those that training "
                                       "with VOS learned; auto: all 1, which is energy"})},
      .aliases = {"webo", "weighted_ebo"},
      .deviations = {"a class with a weight of 0 or less is left out; pytorch-ood takes the "
                     "logarithm after the sum, which overflows for logits from 89 on"},
      .must_be_chosen = true,
  });
}

}  // namespace nescio::detectors
