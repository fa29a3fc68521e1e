// NECO: how much of the feature lies in the principal space of the training features.
//   s(x) = -|P^T (t - m)| / |t| max_c z_c,  t = (h - mu) / sigma           higher = more OOD
// P: the first `dim` principal axes of t over the training rows, m: their mean, which is 0. With
// standardize=false t is the feature itself. max_logit=false leaves the last factor out, as the
// paper does for ResNets. A mean largest logit <= 0, which would turn the share round, is refused.
#include <algorithm>
#include <cmath>

#include "base/one_thread.h"
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Neco final : public Detector {
 public:
  std::optional<std::int64_t> dim;
  bool standardize = true;
  bool max_logit = true;
  Matrix mean, scale;  // mu, sigma [1, D]
  Matrix axes;         // P [D, dim]

  Needs needs() const override {
    Needs needs = described_needs;
    needs.logits = max_logit;
    return needs;
  }

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    if (max_logit) check_largest_logit(in, statistics);
    const std::size_t width = in.features.width();
    if (width < 2) fail("expected at least 2 feature dimensions, found ", width);
    mean = statistics.mean(in.features);
    scale = deviations(in, statistics);
    const math::Eigen& eigen = principal_axes(in, statistics);
    const std::size_t kept = dimensions(eigen, statistics);
    axes = Matrix(width, kept);
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t j = 0; j < kept; ++j) axes(i, j) = eigen.vectors(i, width - 1 - j);
    }
  }

  Expr score(const Inputs& in) const override {
    const Expr centred = (in.features - mean) / scale;
    const Expr whole = standardize ? centred : in.features;
    const Expr share = l2_norm(matmul(centred, axes)) / max(l2_norm(whole), shortest_row);
    return max_logit ? -(share * row_max(in.logits)) : -share;
  }

 private:
  static void check_largest_logit(const Inputs& in, statistics::Statistics& statistics) {
    const double largest = statistics.mean(row_max(in.logits))(0, 0);
    if (largest > 0) return;
    fail("the mean of the largest logit over ", statistics.name(), " is ", largest,
         ", and the share would count the wrong way round. A constant added to all logits and to "
         "the head's bias changes no probability; give them with one that makes the largest "
         "positive, or take max_logit=false");
  }

  /// Of each column over the rows; 1 where it does not vary by more than its rounding, or without
  /// standardising.
  Matrix deviations(const Inputs& in, statistics::Statistics& statistics) const {
    Matrix sigma(1, in.features.width(), 1.0);
    const Matrix& covariance = statistics.covariance(in.features);
    const double rounding = statistics.rounding_variance(in.features);
    std::size_t vary = 0;
    for (std::size_t c = 0; c < sigma.cols; ++c) {
      if (!(covariance(c, c) > rounding)) continue;
      ++vary;
      if (standardize) sigma.values[c] = std::sqrt(covariance(c, c));
    }
    if (vary > 0) return sigma;
    fail("the features of ", statistics.name(), " do not vary, so they have no principal axes");
  }

  /// Of the covariance of t; values ascend.
  const math::Eigen& principal_axes(const Inputs& in, statistics::Statistics& statistics) const {
    return statistics.derived<math::Eigen>(
        text("principal axes, standardised ", standardize), in.features, [&] {
          Matrix covariance = statistics.covariance(in.features);
          for (std::size_t i = 0; i < covariance.rows; ++i) {
            for (std::size_t j = 0; j < covariance.cols; ++j) {
              covariance(i, j) /= scale.values[i] * scale.values[j];
            }
          }
          return on_one_thread([&] { return math::eigen_symmetric(covariance); });
        });
  }

  /// `dim`, or the least number of axes that hold 90% of the variance, as the paper proposes.
  std::size_t dimensions(const math::Eigen& eigen, const statistics::Statistics& statistics) {
    const std::size_t width = eigen.values.size();
    double all = 0;
    for (const double v : eigen.values) all += std::max(v, 0.0);
    std::size_t kept = 0, rank = 0;
    double held = 0;
    for (std::size_t j = 0; j < width; ++j) {
      const double v = std::max(eigen.values[width - 1 - j], 0.0);
      if (held < 0.9 * all) ++kept;
      if (v > 1e-12 * all) ++rank;
      held += v;
    }
    if (!dim) return std::clamp<std::size_t>(kept, 1, width - 1);
    kept = static_cast<std::size_t>(*dim);
    if (kept >= width) {
      fail("dim = ", kept, " of ", width,
           " feature dimensions holds all of every feature; take "
           "less, e.g. ",
           width / 2);
    }
    if (kept > rank) {
      notices.push_back(text("the features of ", statistics.name(), " span ", rank,
                             " dimensions; "
                             "what is beyond them in dim = ",
                             kept, " is rounding"));
    }
    return kept;
  }
};

}  // namespace

DetectorInfo neco() {
  return describe<Neco>({
      .name = "neco",
      .summary = "Share of the feature in the principal space of the training features, times the "
                 "largest logit.",
      .formula = "s(x) = -|P^T (t - m)| / |t| max_c z_c,  t = (h - mu) / sigma",
      .paper = {"Ammar, Belkhir, Popescu, Manzanera, Franchi",
                "NECO: NEural Collapse Based Out-of-distribution detection", "ICLR 2024",
                "2310.06823"},
      .needs = {.logits = true, .features = true},
      .cost = "O(D dim + C) a row; fitting sums a covariance, O(N D^2), and finds its axes, O(D^3)",
      .fit_on = "train",
      .parameters = {parameter(&Neco::dim,
                               {.name = "dim",
                                .doc = "dimensions of the principal space; auto: as many as hold "
                                       "90% of the variance",
                                .min = 1,
                                .sweep = {"32", "64", "100", "128", "256", "512"}}),
                     parameter(&Neco::standardize,
                               {.name = "standardize",
                                .doc = "divide each feature by its deviation about its mean"}),
                     parameter(&Neco::max_logit,
                               {.name = "max_logit",
                                .doc = "times the largest logit; the paper leaves it out for "
                                       "ResNets"})},
      .learned = {learned(&Neco::mean, "mean", "mu [1, D]"),
                  learned(&Neco::scale, "scale", "sigma, 1 without standardising [1, D]"),
                  learned(&Neco::axes, "axes", "P [D, dim]")},
      .deviations = {"the projection is centred and the whole length is not, as in the authors' "
                     "code; with standardize=true both are",
                     "auto is the rule that the paper gives; pytorch-ood takes 100",
                     "dim >= D is refused: it holds all of every feature"},
  });
}

}  // namespace nescio::detectors
