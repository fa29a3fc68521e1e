// Gram matrices: how far the correlations between a network's channels leave their usual range.
//   s(x) = sum_l (delta_l / mean_val(delta_l)) / max_c p_c                  higher = more OOD
// The probe `gram` (extract/probes/gram.cpp) keeps delta_l [N, layers], in the bank the array
// `gram(powers=...)`; what a layer deviates by is measured in its mean on ID pictures that the probe has not
// learned from, + 1e-7 as in the authors' code.
#include <algorithm>

#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Gram final : public Detector {
 public:
  std::int64_t powers = 10;
  Matrix usual;

  Needs needs() const override { return {.logits = true, .arrays = {array()}}; }

  void fit(const Inputs& in, const FitData& data) override {
    usual = data.of(fit_on).mean(in.array(array()));
    std::size_t still = 0;
    for (double& mean : usual.row(0)) {
      still += mean <= 0;
      mean = std::max(mean, 0.0) + 1e-7;
    }
    if (still == 0) return;
    notices.push_back(
        text(still, " of the ", usual.cols, " layers deviate in no row of ", data.of(fit_on).name(),
             ", so that any deviation there decides alone; fit on other pictures than "
             "those that the probe has learned from, or on more"));
  }

  Expr score(const Inputs& in) const override {
    return row_sum(in.array(array()) / usual) / row_max(softmax(in.logits));
  }

 private:
  /// What the probe with this parameter adds.
  std::string array() const { return text("gram(powers=", powers, ")"); }
};

}  // namespace

DetectorInfo gram() {
  return describe<Gram>({
      .name = "gram",
      .summary =
          "How far correlations between channels leave the range of training pictures of the "
          "same class, over all layers.",
      .formula = "s(x) = sum_l (delta_l / mean_val(delta_l)) / max_c p_c",
      .paper = {"Sastry, Oore", "Detecting Out-of-Distribution Examples with Gram Matrices",
                "ICML 2020", "1912.12510"},
      .needs = Gram().needs(),
      .cost = "O(layers + C) a row; the probe's sums over all maps are what it costs",
      .fit_on = "val",
      .parameters = {parameter(&Gram::powers, {.name = "powers",
                                               .doc = "of the probe; the paper takes 10, OpenOOD 5",
                                               .min = 1,
                                               .max = 20,
                                               .sweep = {"5", "10"}})},
      .learned = {learned(&Gram::usual, "usual", "mean deviation of each layer [1, layers]")},
      .deviations =
          {"the layers are what stands between the stages of a network, not every "
           "convolution and ReLU",
           "OpenOOD takes the range over the labels, not over the predicted classes, and the "
           "mean over a tenth of the training pictures that it draws without a seed"},
      .weak_on_toy_data = "its deviations are none there: the array is the logits",
  });
}

}  // namespace nescio::detectors
