// Residual: the part of the feature outside the principal space, ViM's without the energy.
//   s(x) = |R^T (h - u)|                                                   higher = more OOD
// R, u: principal_space.h.
#include "detectors/principal_space.h"

namespace nescio::detectors {
namespace {

class Residual final : public PrincipalSpace {
 public:
  Expr score(const Inputs& in) const override { return residual(in); }

 private:
  std::size_t wide_dimensions(const Inputs&) const override { return 1000; }
};

}  // namespace

DetectorInfo residual() {
  return describe<Residual>({
      .name = "residual",
      .summary = "Length of the feature outside the principal space of the training features.",
      .formula = "s(x) = |R^T (h - u)|",
      .paper = {"Wang, Li, Feng, Zhang", "ViM: Out-Of-Distribution with Virtual-logit Matching",
                "CVPR 2022", "2203.10807"},
      .needs = {.features = true, .head = true},
      .cost = "O(D (D - dim)) a row; fitting sums second moments, O(N D^2), and finds their axes, "
              "O(D^3)",
      .fit_on = "train",
      .parameters = {parameter<Residual, std::optional<std::int64_t>>(
          &Residual::dim, principal_dimensions("1000"))},
      .learned = {learned(&Residual::origin, "origin", "u [1, D]"),
                  learned(&Residual::residual_space, "residual_space", "R [D, D - dim]")},
      .deviations =
          {"fitted on train as in the paper; OpenOOD's takes ID validation rows "
           "(fit_on=val)",
           "dim >= D and dim >= the rank of the features are refused",
           "auto is the rule of MOODv2's code (arXiv:2401.02611); OpenOOD's dim is 256 at any "
           "width"},
  });
}

}  // namespace nescio::detectors
