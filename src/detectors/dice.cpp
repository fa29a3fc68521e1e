// DICE: only the weights of the head that contribute most are kept.
//   z' = (M * W) h + b,  M_cd = 1 where W_cd m_d is above the quantile p of all of these, else 0
// m: mean of the training features. Later stages get the masked head as theirs. The bias is kept.
// dice+react is the authors' combination (the mask comes from features that are not cut); react+dice
// learns the mask from cut ones.
#include <algorithm>

#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Dice final : public Shaper {
 public:
  double p = 0.9;
  Matrix weight;

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    const Matrix& mean = statistics.mean(in.features);
    weight = matrix_of(in.head->weight);
    Matrix contribution = weight;
    for (std::size_t c = 0; c < weight.rows; ++c) {
      for (std::size_t d = 0; d < weight.cols; ++d) contribution(c, d) *= mean(0, d);
    }
    // Above the entry of this rank lies what lies above numpy's quantile, which is between it and the next.
    std::vector<double> ranked = contribution.values;
    const auto rank = static_cast<std::ptrdiff_t>(p * static_cast<double>(ranked.size() - 1));
    std::ranges::nth_element(ranked, ranked.begin() + rank);
    const double threshold = ranked[static_cast<std::size_t>(rank)];
    std::size_t empty = 0;  // classes of which nothing is left
    for (std::size_t c = 0; c < weight.rows; ++c) {
      bool any = false;
      for (std::size_t d = 0; d < weight.cols; ++d) {
        if (contribution(c, d) > threshold) {
          any = true;
        } else {
          weight(c, d) = 0;
        }
      }
      empty += any ? 0 : 1;
    }
    if (empty == weight.rows) {
      fail("no weight contributes more than the quantile p = ", format_number(p),
           " of all contributions to the logits of ", statistics.name(), ", which is ", threshold,
           ": nothing would be left of the head; take a smaller p, and features that are not 0");
    }
    if (empty > 0) {
      notices.push_back(text("p = ", format_number(p), " leaves no weight of ", empty, " of the ",
                             weight.rows,
                             " classes, whose logits are the same for all rows; a smaller p keeps "
                             "more"));
    }
  }

  Inputs shape(const Inputs& in) const override { return in.with_head({weight, in.head->bias}); }
};

}  // namespace

DetectorInfo dice() {
  return describe<Dice>({
      .name = "dice",
      .summary = "Keeps the weights of the head that contribute most and recomputes the logits.",
      .formula = "z' = (M * W) h + b,  M_cd = 1 where W_cd m_d > quantile p of all W m, else 0,  m "
                 "= mean of the features",
      .paper = {"Sun, Li", "DICE: Leveraging Sparsification for Out-of-Distribution Detection",
                "ECCV 2022", "2111.09805"},
      .needs = {.features = true, .head = true},
      .cost = "O(C D) a row: one product with the masked head",
      .fit_on = "train",
      .parameters = {parameter(
          &Dice::p, {.name = "p",
                     .doc = "share of the weights, those that contribute least, that is removed",
                     .min = 0,
                     .max = 1,
                     .max_excluded = true,
                     .sweep = {"0.1", "0.3", "0.5", "0.7", "0.9"}})},
      .learned = {learned(&Dice::weight, "weight", "W where it is kept, else 0 [C, D]")},
      .deviations =
          {"p is a share; OpenOOD and pytorch-ood 0.2 take it in per cent",
           "OpenOOD's search over p changes nothing: its mask is made once",
           "features of both signs, as transformers have them: contributions are those of the mean "
           "feature, so a weight of a feature whose mean is near 0 is removed however large the "
           "feature may be"},
  });
}

}  // namespace nescio::detectors
