// MaxLogit: the largest logit.
//   s(x) = -max_c z_c                                                      higher = more OOD
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class MaxLogit final : public Detector {
 public:
  Expr score(const Inputs& in) const override { return -row_max(in.logits); }
};

}  // namespace

DetectorInfo max_logit() {
  return describe<MaxLogit>({
      .name = "max_logit",
      .summary = "The largest logit, negated.",
      .formula = "s(x) = -max_c z_c",
      .paper = {"Hendrycks, Basart, Mazeika, Zou, Kwon, Mostajabi, Steinhardt, Song",
                "Scaling Out-of-Distribution Detection for Real-World Settings", "ICML 2022",
                "1911.11132"},
      .needs = {.logits = true},
      .cost = "O(C) a row: bound by memory bandwidth",
      .aliases = {"mls", "maxlogit"},
  });
}

}  // namespace nescio::detectors
