// WeiPer+KLD: how the values of the feature are distributed, and those of the logits under
// perturbed weights.
//   s(x) = D(P_h, Q_h(x)) + lambda_1 D(P_w, Q_w(x)) - lambda_2 mean_i max_c softmax(z_i(x))_c
//                                                                          higher = more OOD
// z_i = W_i h + b, i = 1 .. repeats: each weight vector w_c has a random direction of length delta
// |w_c| added. Q_h(x): histogram of the D values of h, Q_w(x): of the repeats C values of all z_i,
// in equal bins between the smallest and the largest of all training rows; P: their mean over the
// training rows. Q is smoothed by a moving mean over some bins, epsilon is added to both, and D(P,
// Q) = KL(P | Q) + KL(Q | P).
#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "base/threads.h"
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class WeiPer final : public Detector {
 public:
  std::int64_t repeats = 100, bins = 100;
  double delta = 1.8, lambda_1 = 2.5, lambda_2 = 0.1;
  std::int64_t smoothing = 4, smoothing_perturbed = 15;
  std::int64_t seed = 0;
  Array weights;                                // W_i one below the other [repeats C, D]
  Matrix edges, edges_perturbed;                // [1, bins + 1]
  Matrix distribution, distribution_perturbed;  // P [1, bins]

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    weights = perturbed(*in.head);
    edges = edges_of(in.features, statistics, "features");
    distribution = statistics.mean(histogram(in.features, edges));
    const Expr z = logits(in);
    edges_perturbed = edges_of(z, statistics, "logits of the perturbed head");
    distribution_perturbed = statistics.mean(histogram(z, edges_perturbed));
  }

  Expr score(const Inputs& in) const override {
    const Expr z = logits(in);
    const auto classes = static_cast<std::int64_t>(in.head->weight.rows());
    Groups groups;
    for (std::int64_t i = 0; i <= repeats; ++i) groups.push_back(i * classes);
    const Expr largest = exp(row_max(z, groups) - logsumexp(z, groups));
    return divergence(distribution, histogram(in.features, edges), smoothing, 0.01) +
           lambda_1 * divergence(distribution_perturbed, histogram(z, edges_perturbed),
                                 smoothing_perturbed, 0.025) -
           lambda_2 * row_mean(largest);
  }

 private:
  Array perturbed(const HeadTables& head) const {
    const Matrix w = matrix_of(head.weight);
    const auto count = static_cast<std::size_t>(repeats);
    const double gib = static_cast<double>(count * w.values.size() * sizeof(float)) / (1 << 30);
    if (gib > 1) {
      fail("the weights of ", repeats, " perturbed heads take ", gib,
           " GiB, more than 1; take fewer repeats");
    }
    std::vector<float> out(count * w.values.size());
    parallel_for(count * w.rows, [&](std::size_t row) {
      const auto original = w.row(row % w.rows);
      Rng rng(static_cast<std::uint64_t>(seed), row);
      std::vector<double> noise(w.cols);
      for (double& v : noise) v = rng.normal();
      const double factor = delta * length(original) / length(noise);
      for (std::size_t d = 0; d < w.cols; ++d) {
        out[row * w.cols + d] = static_cast<float>(original[d] + factor * noise[d]);
      }
    });
    return {{count * w.rows, w.cols}, std::move(out)};
  }
  static double length(std::span<const double> x) {
    double sum = 0;
    for (const double v : x) sum += v * v;
    return std::sqrt(sum);
  }

  Expr logits(const Inputs& in) const {
    const Table& bias = in.head->bias;
    Matrix repeated(1, weights.rows());
    for (std::size_t i = 0; i < repeated.cols; ++i)
      repeated.values[i] = bias.value(i % bias.cols());
    return inner_products(in.features, weights) + repeated;
  }

  Matrix edges_of(const Expr& values, statistics::Statistics& statistics, const char* what) const {
    const auto ends = statistics.quantiles(values, {0, 1});
    if (!(ends[0] < ends[1])) {
      fail("the ", what, " of ", statistics.name(), " are all ", format_number(ends[0]),
           ", which have no distribution");
    }
    Matrix out(1, static_cast<std::size_t>(bins) + 1);
    for (std::size_t i = 0; i < out.cols; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(bins);
      out.values[i] = ends[0] + share * (ends[1] - ends[0]);
    }
    out.values.back() = ends[1];
    return out;
  }

  static Expr histogram(const Expr& values, const Matrix& edges) {
    return row_histogram(values, edges) / static_cast<double>(values.width());
  }

  /// KL(P | Q) + KL(Q | P)
  static Expr divergence(Matrix p, const Expr& histogram, std::int64_t smoothing, double epsilon) {
    const double all = 1 / sum(p, epsilon);
    Matrix log_p = p;
    for (std::size_t i = 0; i < p.cols; ++i) {
      p.values[i] = (p.values[i] + epsilon) * all;
      log_p.values[i] = std::log(p.values[i]);
    }
    const Expr raised = matmul(histogram, moving_mean(p.cols, smoothing)) + epsilon;
    const Expr q = raised / row_sum(raised);
    return row_sum((q - p) * (log(q) - log_p));
  }
  static double sum(const Matrix& p, double epsilon) {
    double sum = 0;
    for (const double v : p.values) sum += v + epsilon;
    return sum;
  }

  /// Of `size` neighbours, of which one more stands behind where it is even; the ends are repeated.
  static Matrix moving_mean(std::size_t bins, std::int64_t size) {
    const auto last = static_cast<std::int64_t>(bins) - 1;
    Matrix out(bins, bins);
    for (std::int64_t to = 0; to <= last; ++to) {
      for (std::int64_t i = 0; i < size; ++i) {
        const std::int64_t from = std::clamp<std::int64_t>(to - (size - 1) / 2 + i, 0, last);
        out(static_cast<std::size_t>(from), static_cast<std::size_t>(to)) +=
            1 / static_cast<double>(size);
      }
    }
    return out;
  }
};

}  // namespace

DetectorInfo weiper() {
  return describe<WeiPer>({
      .name = "weiper",
      .summary = "Divergence of the distribution of the feature's values, and of its logits under "
                 "perturbed weights, from those in training.",
      .formula = "s(x) = D(P_h, Q_h(x)) + lambda_1 D(P_w, Q_w(x)) - lambda_2 mean_i max_c "
                 "softmax(z_i(x))_c,  D(P, Q) = KL(P | Q) + KL(Q | P)",
      .paper = {"Granz, Heurich, Landgraf",
                "WeiPer: OOD Detection using Weight Perturbations of Class Projections",
                "NeurIPS 2024", "2405.17164"},
      .needs = {.features = true, .head = true},
      .cost = "O(repeats C D) a row: one product with all perturbed heads, which fitting takes "
              "with the N rows, too",
      .fit_on = "train",
      .parameters =
          {parameter(&WeiPer::repeats,
                     {.name = "repeats", .doc = "perturbed heads", .min = 1, .max = 10000}),
           parameter(&WeiPer::delta,
                     {.name = "delta",
                      .doc = "length of a perturbation as a share of its weight vector's; the "
                             "authors take 1.8 for CIFAR-10, 2.4 for CIFAR-100 and ImageNet",
                      .min = 0,
                      .sweep = {"1.8", "2", "2.4"}}),
           parameter(&WeiPer::lambda_1,
                     {.name = "lambda_1",
                      .doc = "weight of the logits' divergence; 2.5, CIFAR-100 0.1",
                      .min = 0,
                      .sweep = {"0.1", "2.5"}}),
           parameter(&WeiPer::lambda_2,
                     {.name = "lambda_2",
                      .doc = "weight of the mean maximum probability; CIFAR-10 0.1, CIFAR-100 1, "
                             "ImageNet 0.25",
                      .min = 0,
                      .sweep = {"0.1", "0.25", "1"}}),
           parameter(&WeiPer::bins,
                     {.name = "bins", .doc = "of the histograms", .min = 2, .max = 10000}),
           parameter(&WeiPer::smoothing,
                     {.name = "smoothing",
                      .doc = "bins that are averaged, of features; CIFAR 4, ImageNet 40",
                      .min = 1,
                      .max = 10000,
                      .sweep = {"4", "40"}}),
           parameter(&WeiPer::smoothing_perturbed,
                     {.name = "smoothing_perturbed",
                      .doc = "bins that are averaged, of logits; 15, CIFAR-100 40",
                      .min = 1,
                      .max = 10000,
                      .sweep = {"15", "40"}}),
           parameter(&WeiPer::seed, {.name = "seed", .doc = "of the perturbations", .min = 0})},
      .learned = {learned(&WeiPer::weights, "weights", "of all perturbed heads [repeats C, D]"),
                  learned(&WeiPer::edges, "edges", "of the features' bins [1, bins + 1]"),
                  learned(&WeiPer::distribution, "distribution", "P_h [1, bins]"),
                  learned(&WeiPer::edges_perturbed, "edges_perturbed",
                          "of the logits' bins [1, bins + 1]"),
                  learned(&WeiPer::distribution_perturbed, "distribution_perturbed",
                          "P_w [1, bins]")},
      .aliases = {"weiper_kldiv"},
      .deviations = {"only Q is smoothed, and epsilon is 0.01 for features and 0.025 for logits, "
                     "as in the authors' code; defaults are theirs for CIFAR-10",
                     "bins lie between the extremes of all training rows, not of one batch"},
  });
}

}  // namespace nescio::detectors
