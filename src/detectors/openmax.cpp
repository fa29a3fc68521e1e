// OpenMax: the share of an unknown class, which takes from the logits of classes that are far.
//   s(x) = u - log sum_c exp(z'_c),  z'_c = z_c (1 - w_c F_c(d_c)),  u = sum_c (z_c - z'_c)
//                                                                          higher = more OOD
// d_c: distance of the logits z to m_c, the mean logits of the training rows of class c that are
// classified right. F_c: Weibull distribution of the largest `tail` of these rows' own distances d,
// by maximum likelihood of d - min d + 1. w_c: 1, (alpha - 1) / alpha, ... 1 / alpha for the largest
// alpha logits, else 0. s is the log-odds of u in a softmax over C + 1; the toolkits give the
// probability, which ties where it is nearly 0 or 1. variant=pytorch_ood takes all rows of a class and
// adds 10000 instead of 1.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "base/class_names.h"
#include "detectors/increasing_root.h"
#include "detectors/right_rows.h"

namespace nescio::detectors {
namespace {

/// F(d) = 1 - exp(-(1 + (d - location) / scale)^shape) from location - scale on, below it 0: the location is the
/// distance that is exceeded by the share 1 / e, so that a shift of any size costs no digits.
struct Weibull {
  double location, scale, shape;
  bool step = false;
};

/// Most likely for these distances less their minimum plus `shift`. With y = log(x / shift) for such an x, the shape
/// is where the mean of y weighted by e^(shape y) less 1 / shape is the plain mean; the left side increases.
/// Where they are all the same but for the rounding of float32, it is nearly a step behind them.
Weibull fit_weibull(const std::vector<double>& distances, double shift) {
  const auto [nearest, farthest] = std::ranges::minmax(distances);
  constexpr double epsilon = std::numeric_limits<float>::epsilon();
  if (farthest - nearest <= epsilon * farthest) {
    return {farthest, shift, shift / (epsilon * std::max(farthest, shift)), true};
  }
  const auto count = static_cast<double>(distances.size());
  std::vector<double> y;
  double mean = 0, square = 0;
  for (const double d : distances) {
    y.push_back(std::log1p((d - nearest) / shift));
    mean += y.back() / count;
  }
  for (const double v : y) square += (v - mean) * (v - mean) / count;
  const double largest = std::ranges::max(y);
  double log_scale = 0;  // of x / shift, at the shape last tried
  const auto likelihood = [&](double shape) {
    double weight = 0, first = 0, second = 0;
    for (const double v : y) {
      const double w = std::exp(shape * (v - largest));
      weight += w;
      first += w * (v - mean);
      second += w * (v - mean) * (v - mean);
    }
    const double excess = first / weight;
    log_scale = largest + std::log(weight / count) / shape;
    return ValueAndSlope{excess - 1 / shape,
                         second / weight - excess * excess + 1 / (shape * shape)};
  };
  const double shape = increasing_root(likelihood, 1.2 / std::sqrt(square), 0,
                                       std::numeric_limits<double>::infinity());
  likelihood(shape);
  return {nearest + shift * std::expm1(log_scale), shift * std::exp(log_scale), shape};
}

/// Where the rows of each class lie, and how far each of them is from there.
struct Activations {
  Matrix means;                                // m_c [C, C]
  std::vector<std::vector<double>> distances;  // of the rows of each class, the largest first
};

class OpenMax final : public Detector {
 public:
  std::int64_t alpha = 3;
  std::int64_t tail = 20;
  double euclid_weight = 1;
  std::string variant = "paper";
  Matrix means;                   // m_c [C, C]
  Matrix location, scale, shape;  // of F_c [1, C]

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    const Activations& known = statistics.derived<Activations>(
        text("activations, right ", right_only(), ", euclid ", format_number(euclid_weight)),
        concat({in.logits, in.seen()}), [&] { return activations(in, statistics); });
    means = known.means;
    location = scale = shape = Matrix(1, means.rows);
    std::vector<std::size_t> same;
    for (std::size_t c = 0; c < means.rows; ++c) {
      std::vector<double> farthest = known.distances[c];
      farthest.resize(std::min(farthest.size(), static_cast<std::size_t>(tail)));
      const Weibull f = fit_weibull(farthest, right_only() ? 1 : 10000);
      location.values[c] = f.location;
      scale.values[c] = f.scale;
      shape.values[c] = f.shape;
      if (f.step) same.push_back(c);
    }
    say(right_only() ? typical_rows(in, statistics).never_right : std::vector<std::size_t>{}, same,
        statistics);
  }

  Expr score(const Inputs& in) const override {
    const Expr& z = in.logits;
    if (means.rows != z.width()) {
      fail("openmax: expected means of ", z.width(), " classes, found ", means.rows);
    }
    const Expr beyond = max((distance(z) - location) / scale, -1.0);
    const Expr unlikely = -expm1(-exp(shape * log1p(beyond)));  // F_c(d_c)
    // The largest logit has the rank C - 1.
    const auto classes = static_cast<double>(z.width());
    const double ranks = std::min(static_cast<double>(alpha), classes);
    const Expr weight = max(rank(z) - (classes - 1 - ranks), 0.0) / ranks;
    const Expr taken = z * weight * unlikely;
    const Expr odds = row_sum(taken) - logsumexp(z - taken);
    if (variant == "paper") return odds;
    return 1.0 / (1.0 + exp(-odds));
  }

 private:
  bool right_only() const { return variant != "pytorch_ood"; }

  /// Of the logits to each m_c.
  Expr distance(const Expr& z) const {
    const Expr length = sqrt(squared_distances(z, means));
    if (euclid_weight == 1) return length;
    Matrix units = means;
    for (std::size_t c = 0; c < units.rows; ++c) {
      const double norm = length_of(units.row(c));
      for (double& v : units.row(c)) v /= norm > 0 ? norm : 1;
    }
    const Expr angle = 1.0 - inner_products(unit_rows(z), units);
    return euclid_weight * length + (1 - euclid_weight) * angle;
  }

  static double length_of(std::span<const double> x) {
    double sum = 0;
    for (const double v : x) sum += v * v;
    return std::sqrt(sum);
  }

  /// The same of one row to one mean.
  double distance(std::span<const double> z, std::span<const double> mean) const {
    double square = 0, product = 0;
    for (std::size_t c = 0; c < z.size(); ++c) {
      square += (z[c] - mean[c]) * (z[c] - mean[c]);
      product += z[c] * mean[c];
    }
    if (euclid_weight == 1) return std::sqrt(square);
    const double lengths = length_of(z) * length_of(mean);
    const double angle = 1 - (lengths > 0 ? product / lengths : 0);
    return euclid_weight * std::sqrt(square) + (1 - euclid_weight) * angle;
  }

  Activations activations(const Inputs& in, statistics::Statistics& statistics) const {
    std::vector<std::size_t> all(statistics.rows());
    std::iota(all.begin(), all.end(), std::size_t{0});
    statistics::Statistics rows =
        statistics.subset(right_only() ? typical_rows(in, statistics).rows : all);
    Activations out{rows.class_mean(in.logits), {}};
    const auto labels = rows.labels();
    const std::vector<double> own =
        rows.of_each_row(in.logits, [&](std::size_t row, std::span<const double> z) {
          return distance(z, out.means.row(static_cast<std::size_t>(labels[row])));
        });
    out.distances.resize(out.means.rows);
    for (std::size_t r = 0; r < own.size(); ++r) {
      out.distances[static_cast<std::size_t>(labels[r])].push_back(own[r]);
    }
    for (auto& of_class : out.distances) std::ranges::sort(of_class, std::greater());
    return out;
  }

  void say(const std::vector<std::size_t>& never_right, const std::vector<std::size_t>& same,
           const statistics::Statistics& statistics) {
    if (!never_right.empty()) {
      notices.push_back(text("of ", never_right.size(), " of the ", means.rows, " classes (",
                             first_numbers(never_right), ") no row of ", statistics.name(),
                             " is classified right; all their rows are taken"));
    }
    if (!same.empty()) {
      notices.push_back(text("of ", same.size(), " of the ", means.rows, " classes (",
                             first_numbers(same), ") the farthest rows of ", statistics.name(),
                             " are all as far from their mean; whatever is farther counts as "
                             "unknown to them"));
    }
  }
};

}  // namespace

DetectorInfo openmax() {
  return describe<OpenMax>({
      .name = "openmax",
      .summary = "Log-odds of an unknown class, which takes from the logits of classes whose mean "
                 "is far.",
      .formula = "s(x) = u - log sum_c exp(z'_c),  z'_c = z_c (1 - w_c F_c(|z - m_c|)),  u = sum_c "
                 "(z_c - z'_c)",
      .paper = {"Bendale, Boult", "Towards Open Set Deep Networks", "CVPR 2016", "1511.06233"},
      .needs = {.logits = true, .labels = true},
      .cost = "O(C^2) a row: one product",
      .fit_on = "train",
      .parameters =
          {parameter(&OpenMax::alpha,
                     {.name = "alpha",
                      .doc = "how many of the largest logits are revised; all where there are "
                             "fewer. The paper and pytorch-ood take 10",
                      .min = 1,
                      .sweep = {"3", "10"}}),
           parameter(&OpenMax::tail, {.name = "tail",
                                      .doc = "of how many of the largest distances of each class "
                                             "the Weibull distribution is; pytorch-ood takes 25",
                                      .min = 2,
                                      .sweep = {"20", "25", "50"}}),
           parameter(&OpenMax::euclid_weight,
                     {.name = "euclid_weight",
                      .doc = "share of the Euclidean distance in the distance; the rest is 1 - "
                             "cosine",
                      .min = 0,
                      .max = 1,
                      .sweep = {"1", "0.5"}}),
           parameter(&OpenMax::variant,
                     {.name = "variant",
                      .doc = "openood: the probability of the unknown class itself; pytorch_ood: "
                             "that with all rows of a class and a shift of 10000",
                      .choices = {"paper", "openood", "pytorch_ood"}})},
      .learned = {learned(&OpenMax::means, "means", "m, mean logits of each class [C, C]"),
                  learned(&OpenMax::location, "location",
                          "distance that a share 1 / e of the tail exceeds [1, C]"),
                  learned(&OpenMax::scale, "scale", "of the Weibull distributions [1, C]"),
                  learned(&OpenMax::shape, "shape", "of the Weibull distributions [1, C]")},
      .deviations =
          {"log-odds instead of the probability: same order, no ties from saturation",
           "alpha and distance are OpenOOD's; the authors' code takes alpha 10 and |z - m| / 200 + "
           "1 - cosine, which euclid_weight=0.005 has but for a factor",
           "the distributions are most likely to 13 digits, where the fits of libmr (OpenOOD) and "
           "scipy (pytorch-ood) stop after 5 or 6",
           "a class of which no row is classified right takes all its rows, where OpenOOD fails",
           "equal logits are revised in order of their columns, the last first, as numpy's sort "
           "gives them",
           "the distance to every class counts, where pytorch-ood's stays 0 for classes that no "
           "row of the same call is predicted as"},
  });
}

}  // namespace nescio::detectors
