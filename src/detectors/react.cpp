// ReAct: features above a quantile are cut off.
//   h' = min(h, tau),  z' = W h' + b
// tau: quantile q of all values of the features together (numpy's linear interpolation). The paper
// takes training features, OpenOOD ID validation features; the default is OpenOOD's, since the
// published tables come from it. A tau that leaves all features the same is refused.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class React final : public Shaper {
 public:
  static constexpr double usual[] = {0.85, 0.9, 0.95, 0.99};
  double q = 0.9;
  double clip = 0;

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    // The settings that are usually tried come from the same passes over the rows.
    std::vector<double> shares = {q, 0, 1};
    shares.insert(shares.end(), std::begin(usual), std::end(usual));
    const std::vector<double> values = statistics.quantiles(in.features, shares);
    clip = values[0];
    const double smallest = values[1], largest = values[2];
    const std::string found = text("tau, the quantile q = ", format_number(q),
                                   " of the features of ", statistics.name(), ", is ", clip);
    if (static_cast<float>(clip) <= static_cast<float>(smallest)) {
      fail(found,
           ", the smallest of them: all would be cut to the same value; take a larger q, as ",
           "0.9");
    }
    if (static_cast<float>(clip) >= static_cast<float>(largest)) {
      notices.push_back(found + ", the largest of them: none of these rows is changed");
    } else if (clip <= 0) {
      notices.push_back(found + ": it is made for features after a ReLU, where tau is above 0");
    }
  }

  Inputs shape(const Inputs& in) const override { return in.with_features(min(in.features, clip)); }
};

}  // namespace

DetectorInfo react() {
  return describe<React>({
      .name = "react",
      .summary = "Cuts features off above a quantile and recomputes the logits.",
      .formula = "h' = min(h, tau),  z' = W h' + b,  tau = quantile q of the features",
      .paper = {"Sun, Guo, Li", "ReAct: Out-of-distribution Detection With Rectified Activations",
                "NeurIPS 2021", "2111.12797"},
      .needs = {.features = true, .head = true},
      .cost = "O(C D) a row: one product with the head; fitting finds quantiles of N D values, "
              "those of the usual q in the same passes",
      .fit_on = "val",
      .parameters = {parameter(&React::q, {.name = "q",
                                           .doc = "quantile",
                                           .min = 0,
                                           .max = 1,
                                           .sweep = as_settings(React::usual)})},
      .learned = {learned(&React::clip, "clip", "tau")},
      .deviations =
          {"pytorch-ood 0.2 takes a fixed threshold of 1.0",
           "features of both signs, as transformers have them: tau is the quantile of all "
           "of them, only what is above it is cut and negative ones stay; MOOD's code "
           "does that with q=0.99,fit_on=train"},
  });
}

}  // namespace nescio::detectors
