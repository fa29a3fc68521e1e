// CADRef: CARef's distance in two parts, of which the logits weigh one.
//   s(x) = e+(x) / S(x) + e-(x) / mean S                                   higher = more OOD
//   e+-(x) = sum_d max(+-sign(w_yd) (h_d - mu_yd), 0) / |h|_1,  y = argmax_c z_c
// e+: what raises the largest logit above that of the mean feature mu_y (seen_means.h), e-: what
// lowers it. S: a score of the logits that is larger for ID rows, by default log sum_c exp(z_c);
// its mean is over the training rows. A mean S <= 0, which would turn the parts round, is refused.
#include <algorithm>

#include "detectors/generalised_entropy.h"
#include "detectors/seen_means.h"

namespace nescio::detectors {
namespace {

/// 1 / GEN over max(10, C / 10) classes.
Expr inverse_gen(const Expr& z) {
  const Expr gen = generalised_entropy(z, 0.1, std::max<std::size_t>(10, z.width() / 10));
  return 1.0 / max(gen, shortest_row);  // where all of it vanishes
}

class CadRef final : public Detector {
 public:
  std::string logit_score = "energy";
  Matrix means;
  double usual = 0;

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    means = seen_means(in, statistics, notices);
    usual = statistics.mean(confidence(in.logits))(0, 0);
    if (usual > 0) return;
    fail("the mean of logit_score=", logit_score, " over ", statistics.name(), " is ", usual,
         ", and both parts are divided by it: they would count the wrong way round. A constant "
         "added to all logits changes no probability; give them with one that makes it positive, "
         "or take logit_score=msp");
  }

  Expr score(const Inputs& in) const override {
    const Expr seen = in.seen();
    const Expr weight = take_row(in.head->weight, seen);
    const Expr relative = in.features - take_row(means, seen);
    const Expr none = constant(in.features.graph(), 0.0);
    const Expr raises = where(weight > 0.0, relative, where(weight < 0.0, -relative, none));
    const Expr size = max(l1_norm(in.features), shortest_row);
    const Expr positive = row_sum(max(raises, 0.0)) / size;
    const Expr negative = row_sum(max(-raises, 0.0)) / size;
    return positive / max(confidence(in.logits), shortest_row) + negative / usual;
  }

 private:
  Expr confidence(const Expr& z) const {
    if (logit_score == "max_logit") return row_max(z);
    if (logit_score == "msp") return row_max(softmax(z));
    if (logit_score == "gen") return inverse_gen(z);
    return logsumexp(z);
  }
};

}  // namespace

DetectorInfo cadref() {
  return describe<CadRef>({
      .name = "cadref",
      .summary = "Relative distance of the feature to the mean of its class, where what raises the "
                 "largest logit is divided by a score of the logits.",
      .formula = "s(x) = e+(x) / S(x) + e-(x) / mean S,  e+-(x) = sum_d max(+-sign(w_yd) (h_d - "
                 "mu_yd), 0) / |h|_1,  S = log sum_c exp(z_c)",
      .paper = {"Ling, Chang, Zhao, Zhao, Chow, Deng",
                "CADRef: Robust Out-of-Distribution Detection via Class-Aware Decoupled Relative "
                "Feature Leveraging",
                "CVPR 2025", "2503.00325"},
      .needs = {.logits = true, .features = true, .head = true},
      .cost = "O(C + D) a row; with logit_score=gen a sort of the logits, too",
      .fit_on = "train",
      .parameters = {parameter(
          &CadRef::logit_score,
          {.name = "logit_score",
           .doc = "S: energy, max_logit, msp, or gen, 1 / sum of (p (1 - p))^0.1 over the "
                  "max(10, C / 10) largest p",
           .choices = {"energy", "max_logit", "msp", "gen"}})},
      .learned = {learned(&CadRef::means, "means", "mu [C, D]"),
                  learned(&CadRef::usual, "usual", "mean S over the training rows")},
      .deviations = {"the parts are those of the relative feature h - mu_y, as in the text of the "
                     "paper and the authors' code; its equations 7 and 8 have the feature itself",
                     "S <= 0, which would make a row the more ID the worse it fits, counts as the "
                     "smallest positive S",
                     "classes that are never seen and zero features as in caref"},
  });
}

}  // namespace nescio::detectors
