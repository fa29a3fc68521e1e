// Mahalanobis distances at every place between layers, added up.
//   s(x) = sum_l w_l d_l(x'_l)                                              higher = more OOD
// The probe `layered_mahalanobis` (extract/probes/layered_mahalanobis.cpp) keeps the distances d_l to the nearest
// class, each after a step of the picture, in the bank the array `layered_mahalanobis(epsilon=...)` [N, places].
// weights=logistic takes w from the logistic regression of OOD rows of validation against ID rows, on distances of mean
// 0 and deviation 1, with the penalty |w|^2 / 2 of scikit-learn's default: the paper's way, which needs OOD rows
// to choose on. weights=equal needs none: each place counts in shares of its mean on ID rows.
#include <algorithm>
#include <cmath>

#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class LayeredMahalanobis final : public Detector {
 public:
  double epsilon = 0.0014;
  std::string weights = "equal";
  Matrix weight;

  Needs needs() const override { return {.arrays = {array()}}; }
  std::vector<std::string> fits_on() const override {
    if (weights == "equal") return {fit_on};
    return {fit_on, "ood_val"};
  }

  void fit(const Inputs& in, const FitData& data) override {
    const Expr distances = in.array(array());
    statistics::Statistics& id = data.of(fit_on);
    if (weights == "equal") {
      weight = id.mean(distances);
      for (double& w : weight.values) w = w > 0 ? 1 / w : 0;
      return;
    }
    if (data.ood_val.empty()) {
      fail(
          "layered_mahalanobis(weights=logistic) learns its weights from OOD rows; name a split of "
          "them, or take weights=equal");
    }
    std::vector<Side> sides = {{&id, -1}};
    for (statistics::Statistics* ood : data.ood_val) sides.push_back({ood, 1});
    weight = logistic_weights(distances, sides);
  }

  Expr score(const Inputs& in) const override { return row_sum(in.array(array()) * weight); }

 private:
  /// Rows and what they are: -1 ID, 1 OOD.
  struct Side {
    statistics::Statistics* rows;
    double is;
  };

  /// Of x as it stands: what the regression gives for (x - mean) / deviation, divided by the deviation.
  static Matrix logistic_weights(const Expr& x, const std::vector<Side>& sides) {
    const std::size_t width = x.width();
    const auto mean_of = [&](const Expr& e) {
      Matrix sum(1, width);
      double rows = 0;
      for (const Side& side : sides) {
        const auto count = static_cast<double>(side.rows->rows());
        const Matrix& mean = side.rows->mean(e);
        for (std::size_t l = 0; l < width; ++l) sum(0, l) += count * mean(0, l);
        rows += count;
      }
      for (double& v : sum.values) v /= rows;
      return sum;
    };
    const Expr centred = x - mean_of(x);
    Matrix deviation = mean_of(centred * centred);
    for (double& v : deviation.values) v = v > 0 ? std::sqrt(v) : 1;
    Matrix found = regression(centred / deviation, sides);
    for (std::size_t l = 0; l < width; ++l) found(0, l) /= deviation(0, l);
    return found;
  }

  /// w of min_{w, b} sum log(1 + exp(-is (w x + b))) + |w|^2 / 2, by Newton's method.
  static Matrix regression(const Expr& x, const std::vector<Side>& sides) {
    const std::size_t width = x.width(), all = width + 1;  // the last one is b
    Matrix at(1, all);
    double before = loss_at(x, sides, at);
    for (int round = 0; round < 100; ++round) {
      Matrix sums(all + 1, all);  // the second derivatives, and below them the first
      for (const Side& side : sides) {
        statistics::merge(
            sums, side.rows->reduce(x, Matrix(all + 1, all), [&](const auto& rows, Matrix& to) {
              for (std::size_t r = 0; r < rows.count(); ++r) {
                const auto row = rows.row(r);
                const auto value = [&](std::size_t i) { return i < width ? row[i] : 1.0; };
                const double p = 1 / (1 + std::exp(-margin(row, at)));  // of being OOD
                for (std::size_t i = 0; i < all; ++i) {
                  for (std::size_t j = 0; j < all; ++j)
                    to(i, j) += p * (1 - p) * value(i) * value(j);
                  to(all, i) += (p - (side.is > 0 ? 1 : 0)) * value(i);
                }
              }
            }));
      }
      Matrix second(all, all), first(all, 1);
      for (std::size_t i = 0; i < all; ++i) {
        for (std::size_t j = 0; j < all; ++j) second(i, j) = sums(i, j);
        first(i, 0) = sums(all, i);
        if (i == width) continue;
        second(i, i) += 1;
        first(i, 0) += at(0, i);
      }
      const Matrix step = math::multiply(math::pseudo_inverse(second), first);
      // Half as far until it is better: far from the minimum a whole step may overshoot.
      double length = 1, after = before;
      Matrix next = at;
      do {
        for (std::size_t i = 0; i < all; ++i) next(0, i) = at(0, i) - length * step(i, 0);
        after = loss_at(x, sides, next);
        length /= 2;
      } while (!(after <= before) && length > 1e-6);
      const bool done = !(after < before - 1e-12 * std::abs(before));
      if (after <= before) at = next;
      before = std::min(before, after);
      if (done) break;
    }
    at.values.resize(width);
    at.cols = width;
    return at;
  }

  static double margin(std::span<const double> row, const Matrix& at) {
    double sum = at.values.back();
    for (std::size_t i = 0; i < row.size(); ++i) sum += at(0, i) * row[i];
    return sum;
  }

  static double loss_at(const Expr& x, const std::vector<Side>& sides, const Matrix& at) {
    double loss = 0;
    for (std::size_t i = 0; i < x.width(); ++i) loss += 0.5 * at(0, i) * at(0, i);
    for (const Side& side : sides) {
      loss += side.rows->reduce(x, Matrix(1, 1), [&](const auto& rows, Matrix& to) {
        for (std::size_t r = 0; r < rows.count(); ++r) {
          const double wrong = -side.is * margin(rows.row(r), at);
          to(0, 0) += std::max(wrong, 0.0) + std::log1p(std::exp(-std::abs(wrong)));
        }
      })(0, 0);
    }
    return loss;
  }

  /// What the probe with this parameter adds.
  std::string array() const {
    return text("layered_mahalanobis(epsilon=", format_number(epsilon), ")");
  }
};

}  // namespace

DetectorInfo layered_mahalanobis() {
  return describe<LayeredMahalanobis>({
      .name = "layered_mahalanobis",
      .summary =
          "Mahalanobis distances to the nearest class at every place between layers, after a "
          "step of the picture towards it.",
      .formula =
          "s(x) = sum_l w_l d_l(x'),  d_l = min_c (h_l - mu_lc)^T Sigma_l^-1 (h_l - mu_lc),  "
          "x' = x - epsilon sign(d d_l / dx)",
      .paper = {"Lee, Lee, Lee, Shin",
                "A Simple Unified Framework for Detecting Out-of-Distribution Samples and "
                "Adversarial Attacks",
                "NeurIPS 2018", "1807.03888"},
      .needs = LayeredMahalanobis().needs(),
      .cost =
          "O(places) a row; the probe's passes, forward and back for each place, are what it costs",
      .fit_on = "val",
      .parameters = {parameter(&LayeredMahalanobis::epsilon,
                               {.name = "epsilon",
                                .doc = "length of the probe's step",
                                .unit = "[0, 1] pixels",
                                .min = 0,
                                .max = 1,
                                .sweep = {"0", "5e-04", "0.001", "0.0014", "0.002"}}),
                     parameter(
                         &LayeredMahalanobis::weights,
                         {.name = "weights",
                          .doc = "equal: in shares of the mean distance on ID rows; logistic: the "
                                 "paper's regression of OOD rows of validation against ID rows",
                          .choices = {"equal", "logistic"}})},
      .learned = {learned(&LayeredMahalanobis::weight, "weight", "of each place [1, places]")},
      .aliases = {"mds_ensemble", "multi_mahalanobis"},
      .deviations =
          {"the places are what stands between the stages of a network; the paper's weights "
           "are those of weights=logistic, which needs OOD rows to choose on",
           "OpenOOD's mds_ensemble comes with one layer and the std of no data set; "
           "pytorch-ood's has no step and adds the distances as they are"},
      .weak_on_toy_data = "its distances are none there: the array is the logits",
  });
}

}  // namespace nescio::detectors
