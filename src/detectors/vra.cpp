// VRA: features below a low quantile become zero, those above a high one are cut off.
//   h' = 0 where h < alpha, min(h, beta) elsewhere,  z' = W h' + b
// alpha, beta: quantiles `low` and `high` of all values of the features together (numpy's linear
// interpolation), by default those of OpenOOD on ID validation features. Quantiles that leave all
// features the same are refused.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Vra final : public Shaper {
 public:
  static constexpr double usual_high[] = {0.85, 0.9, 0.95, 0.99};
  static constexpr double usual_low[] = {0.01, 0.05, 0.1, 0.15};
  double high = 0.9;
  double low = 0.1;
  std::string variant = "paper";
  double alpha = 0, beta = 0;

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    // The settings that are usually tried come from the same passes over the rows.
    std::vector<double> shares = {low, high, 0, 1};
    shares.insert(shares.end(), std::begin(usual_high), std::end(usual_high));
    shares.insert(shares.end(), std::begin(usual_low), std::end(usual_low));
    const std::vector<double> values = statistics.quantiles(in.features, shares);
    alpha = values[0];
    beta = values[1];
    const auto smallest = static_cast<float>(values[2]), largest = static_cast<float>(values[3]);
    const auto from = static_cast<float>(alpha), to = static_cast<float>(beta);
    const std::string found = text("alpha and beta, the quantiles low = ", format_number(low),
                                   " and high = ", format_number(high), " of the features of ",
                                   statistics.name(), ", are ", alpha, " and ", beta);
    const bool no_room = from == to && (clamps() || to == 0);
    if (to <= smallest || no_room) {
      fail(found, ": all features would become the same; take a larger high, as 0.95",
           no_room ? ", and a smaller low" : "");
    }
    if (from <= smallest && to >= largest) {
      notices.push_back(found + ", the ends of their range: none of these rows is changed");
    } else if (from <= smallest) {
      notices.push_back(found + ": low ones stay as they are, since none lies below alpha");
    } else if (beta <= 0 || alpha < 0) {
      notices.push_back(found + ": it is made for features after a ReLU, where both are >= 0");
    }
  }

  Inputs shape(const Inputs& in) const override {
    const Expr& h = in.features;
    if (clamps()) return in.with_features(clip(h, alpha, beta));
    const Expr zero = constant(h.graph(), 0.0);
    return in.with_features(where(h < alpha, zero, min(h, beta)));
  }

 private:
  bool clamps() const { return variant == "openood"; }
};

}  // namespace

DetectorInfo vra() {
  return describe<Vra>({
      .name = "vra",
      .summary = "Sets features below a quantile to zero, cuts them off above another, and "
                 "recomputes the logits.",
      .formula = "h' = 0 where h < alpha, min(h, beta) elsewhere,  z' = W h' + b,  alpha, beta = "
                 "quantiles low and high of the features",
      .paper = {"Xu, Lian, Liu, Tao",
                "VRA: Variational Rectified Activation for Out-of-distribution Detection",
                "NeurIPS 2023", "2302.11716"},
      .needs = {.features = true, .head = true},
      .cost = "O(C D) a row: one product with the head; fitting finds quantiles of N D values, the "
              "usual ones in the same passes",
      .fit_on = "val",
      .parameters =
          {parameter(&Vra::high, {.name = "high",
                                  .doc = "quantile above which features are cut off",
                                  .min = 0,
                                  .max = 1,
                                  .sweep = as_settings(Vra::usual_high)}),
           parameter(&Vra::low, {.name = "low",
                                 .doc = "quantile below which features become zero",
                                 .min = 0,
                                 .max = 1,
                                 .up_to = "high",
                                 .sweep = as_settings(Vra::usual_low)}),
           parameter(&Vra::variant,
                     {.name = "variant",
                      .doc = "openood: low features are raised to alpha, h' = clip(h, alpha, beta)",
                      .choices = {"paper", "openood"}})},
      .learned = {learned(&Vra::alpha, "alpha", "the low quantile"),
                  learned(&Vra::beta, "beta", "the high quantile")},
      .deviations =
          {"OpenOOD raises low features to alpha (variant=openood); pytorch-ood 0.4 does so with "
           "quantiles of each feature by itself",
           "the paper's VRA+, which adds a constant to what lies between, is not here",
           "features of both signs, as transformers have them: below 0 an alpha sets what is "
           "under it to 0, above the small negative ones; the paper has features behind a ReLU"},
  });
}

}  // namespace nescio::detectors
