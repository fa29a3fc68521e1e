// pNML: how much is regretted when the last layer may learn the row with any label.
//   s(x) = 1 / log C log sum_c p_c / (p_c + (1 - p_c) p_c^k),  p = softmax(z)
//   k = max(r, a / (1 + a)),  a = u^T (U^T U)^+ u,  u = h / |h|            higher = more OOD
// U: unit features of the training rows, r: squared length of u outside what they span (0 where they
// span all). p_c / (...) is never below p_c, and the sum of what it is above is what is computed: a
// row of which the network is sure does not tie with others.
// variant=pytorch_ood takes p of the head on u, at least 1e-12, and leaves r out.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/one_thread.h"
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

/// Of the second moments of unit features: about 0 already, so that they take one pass and no mean.
math::Whitening whitening_about_zero(const Expr& u, statistics::Statistics& statistics) {
  const auto add = [](const statistics::Rows& rows, Matrix& sums) {
    math::add_scatter(rows.values.data(), rows.count(), sums);
  };
  Matrix moment = statistics.reduce(u, Matrix(u.width(), u.width()), add);
  for (double& v : moment.values) v /= static_cast<double>(statistics.rows());
  double largest = 0;  // mean square of a column
  for (std::size_t i = 0; i < moment.rows; ++i) largest = std::max(largest, moment(i, i));
  constexpr double eps = std::numeric_limits<float>::epsilon();  // features are float32
  return on_one_thread([&] { return math::whitening(moment, eps * eps * largest); });
}

class Pnml final : public Detector {
 public:
  std::string variant = "paper";
  Matrix whitening;  // W [D, rank], W W^T = (U^T U)^+
  Matrix outside;    // orthonormal columns beyond the span of U [D, D - rank]

  Needs needs() const override {
    Needs needs = described_needs;
    needs.logits = variant == "paper";
    needs.head = variant != "paper";
    return needs;
  }

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    check_directions(in, statistics, notices);
    const Expr u = in.directions();
    const std::size_t width = u.width();
    const math::Whitening& spanned = statistics.derived<math::Whitening>(
        "whitening about 0", u, [&] { return whitening_about_zero(u, statistics); });
    outside = spanned.outside;
    whitening = spanned.matrix;
    const double scale = 1 / std::sqrt(static_cast<double>(statistics.rows()));
    for (double& v : whitening.values) v *= scale;
    if (statistics.rows() >= width) return;
    notices.push_back(text(statistics.rows(), " rows of ", statistics.name(), " in ", width,
                           " dimensions: rows that were not fitted on lie outside of what they "
                           "span; fit it on more rows"));
  }

  Expr score(const Inputs& in) const override {
    const Expr u = in.directions();
    const Expr product = sum_of_squares(matmul(u, whitening));
    const Expr learned = product / (1.0 + product);
    if (variant == "pytorch_ood") return clipped_regret(in.with_features(u).logits, learned);
    if (outside.cols == 0) return regret(in.logits, learned);
    return regret(in.logits, max(learned, sum_of_squares(matmul(u, outside))));
  }

 private:
  static double log_classes(const Expr& logits) {
    if (logits.width() < 2) fail("pnml: expected at least 2 classes, found ", logits.width());
    return std::log(static_cast<double>(logits.width()));
  }

  /// With q = 1 - p the sum is 1 + sum_c p_c q_c (1 - p_c^k) / (p_c + q_c p_c^k).
  static Expr regret(const Expr& logits, const Expr& k) {
    const double scale = log_classes(logits);
    const Expr z = logits - row_max(logits);  // so that large logits lose no digits
    const Expr log_p = log_softmax(z);
    const Expr log_rest = logsumexp_rest(z) - logsumexp(z);
    const Expr log_q = where(z >= 0.0, log_rest, log1p(-exp(log_p)));
    const Expr log_genie = log_p - logaddexp(log_p, log_q + k * log_p);
    const Expr excess = -row_sum(exp(log_genie + log_q) * expm1(k * log_p));
    return log1p(excess) / scale;
  }

  /// As the toolkit computes it.
  static Expr clipped_regret(const Expr& logits, const Expr& k) {
    const double scale = log_classes(logits);
    const Expr p = clip(softmax(logits), 1e-12, 1 - 1e-12);
    return log(row_sum(p / (p + (1.0 - p) * exp(k * log(p))))) / scale;
  }
};

}  // namespace

DetectorInfo pnml() {
  return describe<Pnml>({
      .name = "pnml",
      .summary = "Regret of the predictive normalised maximum likelihood of the last layer.",
      .formula = "s(x) = 1 / log C log sum_c p_c / (p_c + (1 - p_c) p_c^k),  k = max(r, a / (1 + "
                 "a)),  a = u^T (U^T U)^+ u,  u = h / |h|",
      .paper = {"Bibas, Feder, Hassner",
                "Single Layer Predictive Normalized Maximum Likelihood for Out-of-Distribution "
                "Detection",
                "NeurIPS 2021", "2110.09246"},
      .needs = {.logits = true, .features = true},
      .cost =
          "O(D^2 + C) a row; fitting sums second moments, O(N D^2), and finds their axes, O(D^3)",
      .fit_on = "train",
      .parameters = {parameter(&Pnml::variant,
                               {.name = "variant",
                                .doc = "pytorch_ood: p of the head on the unit feature, at least "
                                       "1e-12, and nothing of what lies outside of the training "
                                       "features",
                                .choices = {"paper", "pytorch_ood"}})},
      .learned = {learned(&Pnml::whitening, "whitening", "W [D, rank] with W W^T = (U^T U)^+"),
                  sometimes(learned(&Pnml::outside, "outside",
                                    "orthonormal columns beyond the span of the training features "
                                    "[D, D - rank]"))},
      .deviations = {"p is the network's own; the authors' code and pytorch-ood 0.4 apply the head "
                     "to the unit feature (variant=pytorch_ood)",
                     "no column of ones stands beside the features, as in pytorch-ood; the "
                     "authors' code has one",
                     "what is less than float32 rounding of the training features counts as "
                     "outside of them; pytorch-ood's pseudo-inverse, in float32, drops more",
                     "a zero feature has no direction and no regret"},
  });
}

}  // namespace nescio::detectors
