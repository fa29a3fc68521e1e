// Mean of several detectors, each on the scale of its own scores.
//   s(x) = sum_i w_i (s_i(x) - m_i) / d_i / sum_i w_i                      higher = more OOD
// m_i, d_i: mean and standard deviation of the score s_i over the rows of `fit_on`. The default is val: a
// detector scores the rows that it was fitted on lower than others (a training row is its own nearest
// neighbour), and by how much differs between detectors. Cost: those of its detectors together, parts
// that they share once.
#include <cmath>
#include <limits>
#include <numeric>

#include "detectors/combinator.h"

namespace nescio::detectors {
namespace {

class Mean final : public Combinator {
 public:
  std::optional<std::vector<double>> weights;
  Matrix location, scale;

  void check() const override {
    Combinator::check();
    if (!weights) return;
    if (weights->size() != members.size()) {
      fail("weights: expected one for each of the ", members.size(), " detectors, found ",
           weights->size());
    }
    if (!(total_weight() > 0)) fail("weights: expected at least one above 0");
  }

  void fit(const Inputs& in, const FitData& data) override {
    Combinator::fit(in, data);
    statistics::Statistics& statistics = data.of(fit_on);
    const Expr all = scores(in);
    location = statistics.mean(all);
    const Expr rest = all - location;
    scale = statistics.mean(rest * rest);
    for (std::size_t i = 0; i < members.size(); ++i) {
      double& d = scale.values[i];
      d = std::sqrt(d);
      const double rounding = std::numeric_limits<float>::epsilon() * std::abs(location.values[i]);
      if (d > rounding) continue;
      fail(members[i].spec(), " gives all ", statistics.rows(), " rows of ", statistics.name(),
           " the same score, so it has no scale; leave it out");
    }
  }

  Expr score(const Inputs& in) const override {
    Matrix shares(1, members.size());
    for (std::size_t i = 0; i < members.size(); ++i) shares.values[i] = weight(i) / total_weight();
    return row_sum((scores(in) - location) / scale * shares);
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
  return describe<Mean>({
      .name = "mean",
      .summary = "Mean of the scores of several detectors, each standardised: mean(knn(k=5),vim).",
      .formula = "s(x) = sum_i w_i (s_i(x) - m_i) / d_i / sum_i w_i",
      .paper = {"Kittler, Hatef, Duin, Matas", "On Combining Classifiers (the sum rule)",
                "IEEE TPAMI 1998", ""},
      .needs = {},
      .fit_on = "val",
      .parameters = {parameter(&Mean::weights,
                               {.name = "weights",
                                .doc = "weight of each detector, as (2,1); auto: all the same",
                                .min = 0})},
      .learned = {learned(&Mean::location, "location", "m, mean of each score [1, M]"),
                  learned(&Mean::scale, "scale", "d, standard deviation of each score [1, M]")},
  });
}

}  // namespace nescio::detectors
