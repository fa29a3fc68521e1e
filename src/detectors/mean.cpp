// Mean of several detectors, each on the scale of its own scores.
//   s(x) = sum_i w_i u_i(s_i(x)) / sum_i w_i                               higher = more OOD
// u_i: z-scores or ranks over the rows of `fit_on` (fusion.h).
#include <numeric>

#include "detectors/fusion.h"

namespace nescio::detectors {
namespace {

class Mean final : public Fusion {
 public:
  std::optional<std::vector<double>> weights;

  void check() const override {
    Combinator::check();
    if (!weights) return;
    if (weights->size() != members.size()) {
      fail("weights: expected one for each of the ", members.size(), " detectors, found ",
           weights->size());
    }
    if (!(total_weight() > 0)) fail("weights: expected at least one above 0");
  }

  Expr score(const Inputs& in) const override {
    Matrix shares(1, members.size());
    for (std::size_t i = 0; i < members.size(); ++i) shares.values[i] = weight(i) / total_weight();
    return row_sum(normalised(in) * shares);
  }

 private:
  double weight(std::size_t i) const { return weights ? (*weights)[i] : 1; }
  double total_weight() const {
    if (!weights) return static_cast<double>(members.size());
    return std::accumulate(weights->begin(), weights->end(), 0.0);
  }
};

}  // namespace

DetectorInfo mean() {
  return describe_fusion<Mean>(
      {.name = "mean",
       .summary = "Mean of the scores of several detectors on one scale: mean(knn(k=5),vim).",
       .formula =
           "s(x) = sum_i w_i u_i(s_i(x)) / sum_i w_i, u_i(s) = (s - m_i) / d_i or the rank of s",
       .paper = {"Kittler, Hatef, Duin, Matas", "On Combining Classifiers (the sum rule)",
                 "IEEE TPAMI 1998", ""},
       .needs = {},
       .cost = "that of its detectors together, parts that they share once",
       .parameters = {parameter(&Mean::weights,
                                {.name = "weights",
                                 .doc = "weight of each detector, as (2,1); auto: all the same",
                                 .min = 0})}});
}

}  // namespace nescio::detectors
