// Virtual-logit matching (ViM).
//   s(x) = alpha |R^T (h - u)| - log sum_c exp(z_c)                        higher = more OOD
// R, u: principal_space.h; alpha = mean max_c z_c / mean |R^T (h - u)| over the training rows.
// alpha <= 0, which would turn the residual round, is refused.
#include <algorithm>
#include <limits>

#include "detectors/principal_space.h"

namespace nescio::detectors {
namespace {

class Vim final : public PrincipalSpace {
 public:
  double alpha = 0;

  void fit(const Inputs& in, const FitData& data) override {
    PrincipalSpace::fit(in, data);
    statistics::Statistics& statistics = data.of(fit_on);
    alpha = mean_largest_logit(in, statistics) / statistics.mean(residual(in))(0, 0);
  }

  Expr score(const Inputs& in) const override {
    return alpha * residual(in) - logsumexp(in.logits);
  }

 private:
  // More classes than half of the features would leave little residual.
  std::size_t wide_dimensions(const Inputs& in) const override {
    return std::min(in.logits.width(), in.features.width() / 2);
  }
  static double mean_largest_logit(const Inputs& in, statistics::Statistics& statistics) {
    const Expr largest = row_max(in.logits);
    const double mean = statistics.mean(largest)(0, 0);
    constexpr double epsilon = std::numeric_limits<float>::epsilon();
    if (mean > epsilon * statistics.mean(abs(largest))(0, 0)) return mean;
    fail(
        "the mean of the largest logit over ", statistics.name(), " is ", mean,
        ", and alpha has its sign: the residual would count the wrong way round. A constant added ",
        "to all logits and to the head's bias changes no probability; give them with one that "
        "makes ",
        "the largest positive, and the network's logits themselves where these are "
        "log-probabilities");
  }
};

}  // namespace

DetectorInfo vim() {
  return describe<Vim>({
      .name = "vim",
      .summary = "Length of the feature outside the principal space, scaled to a logit, less the "
                 "energy of the logits.",
      .formula = "s(x) = alpha |R^T (h - u)| - log sum_c exp(z_c)",
      .paper = {"Wang, Li, Feng, Zhang", "ViM: Out-Of-Distribution with Virtual-logit Matching",
                "CVPR 2022", "2203.10807"},
      .needs = {.logits = true, .features = true, .head = true},
      .cost = "O(D (D - dim) + C) a row; fitting sums second moments, O(N D^2), and finds their "
              "axes, O(D^3)",
      .fit_on = "train",
      .parameters = {parameter<Vim, std::optional<std::int64_t>>(
          &Vim::dim, principal_dimensions("C, but no more than D / 2"))},
      .learned = {learned(&Vim::origin, "origin", "u [1, D]"),
                  learned(&Vim::residual_space, "residual_space", "R [D, D - dim]"),
                  learned(&Vim::alpha, "alpha", "scale of the virtual logit")},
      .deviations =
          {"the symmetric eigen-solver in double; OpenOOD's general one may return complex vectors",
           "dim >= D and dim >= the rank of the features are refused, where OpenOOD divides by "
           "zero or "
           "by rounding, and so is a mean largest logit <= 0, which would turn the residual round; "
           "logits are the network's own",
           "auto is the rule of MOODv2's code (arXiv:2401.02611); OpenOOD's dim is 256 at any "
           "width"},
  });
}

}  // namespace nescio::detectors
