// Constant shift: a detector that lives outside src/, to prove that one file is enough.
//   s(x) = shift - max_c z_c                                               higher = more OOD
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class ConstantShift final : public Detector {
 public:
  double shift = 1;

  Expr score(const Inputs& in) const override { return shift - row_max(in.logits); }
};

}  // namespace

DetectorInfo constant_shift() {
  return describe<ConstantShift>({
      .name = "constant_shift",
      .summary = "Largest logit, negated and shifted by a constant: a detector from outside.",
      .formula = "s(x) = shift - max_c z_c",
      .paper = {"none", "an example, not a published method", "", ""},
      .needs = {.logits = true},
      .cost = "O(C) a row",
      .parameters = {parameter(
          &ConstantShift::shift,
          {.name = "shift", .doc = "added to every score; the order stays the same"})},
  });
}

}  // namespace nescio::detectors
