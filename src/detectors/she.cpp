// SHE: how well the feature agrees with the stored pattern of the class that the network sees.
//   s(x) = -h . S_y,  y = argmax_c z_c                                     higher = more OOD
// S_c: mean feature of the training rows of class c that are classified right. metric=euclidean
// takes the distance |h - S_y|, metric=cosine the angle, -h . S_y / (|h| |S_y|).
// metric=hopfield is what the paper simplifies (HE), the energy over all these rows j of class y:
//   s(x) = -1/beta log sum_j exp(beta h . h_j)
#include <algorithm>
#include <limits>

#include "base/class_names.h"
#include "detectors/right_rows.h"

namespace nescio::detectors {
namespace {

class She final : public Detector {
 public:
  std::string metric = "inner";
  double beta = 1;
  Matrix patterns;
  Array rows;      // those that patterns are means of, with metric=hopfield
  Matrix classes;  // of these rows

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    statistics::Statistics& right =
        statistics.only(in.seen() == statistics.label(in.logits.graph()));
    const auto& counts = right.class_counts();
    patterns = right.class_sum(in.features);
    std::vector<std::size_t> unknown;
    for (std::size_t c = 0; c < patterns.rows; ++c) {
      const auto pattern = patterns.row(c);
      if (counts[c] == 0) {
        unknown.push_back(c);
        std::ranges::copy(statistics.class_mean(in.features).row(c), pattern.begin());
        continue;
      }
      for (double& v : pattern) v /= static_cast<double>(counts[c]);
    }
    keep_rows(in, statistics);
    if (unknown.empty()) return;
    notices.push_back(text("of ", unknown.size(), " of the ", counts.size(), " classes (",
                           first_numbers(unknown), ") no row of ", statistics.name(),
                           " is classified right; their patterns are the means of all their rows"));
  }

  Expr score(const Inputs& in) const override {
    if (patterns.rows != in.logits.width()) {
      fail("she: expected a pattern for each of ", in.logits.width(), " classes, found ",
           patterns.rows);
    }
    const Expr seen = in.seen();
    if (metric == "hopfield") return energy(in, seen);
    const Expr pattern = take_row(patterns, seen);
    if (metric == "euclidean") return l2_norm(in.features - pattern);
    if (metric == "cosine") return -row_sum(in.directions() * unit_rows(pattern));
    return -row_sum(in.features * pattern);
  }

 private:
  void keep_rows(const Inputs& in, statistics::Statistics& statistics) {
    rows = {};
    classes = {};
    if (metric != "hopfield") return;
    const auto labels = statistics.labels();
    const std::vector<std::size_t>& kept = typical_rows(in, statistics).rows;
    for (const std::size_t r : kept) classes.values.push_back(static_cast<double>(labels[r]));
    classes = Matrix(1, kept.size(), classes.values);
    rows = statistics.subset(kept).values(in.features);
  }

  Expr energy(const Inputs& in, const Expr& seen) const {
    const auto& graph = in.features.graph();
    if (rows.empty()) fail("she: expected the stored rows that metric=hopfield reads, found none");
    const Expr of_class = constant(graph, classes) == seen;
    const Expr none = constant(graph, -std::numeric_limits<double>::infinity());
    const Expr agreement = beta * inner_products(in.features, rows);
    return -over_rows(Over::logsumexp, where(of_class, agreement, none)) / beta;
  }
};

}  // namespace

DetectorInfo she() {
  return describe<She>({
      .name = "she",
      .summary = "Inner product of the feature with the mean feature of the class that the network "
                 "sees.",
      .formula = "s(x) = -h . S_y,  y = argmax_c z_c",
      .paper = {"Zhang, Fu, Chen, Du, Li, Wang, Liu, Han, Zhang",
                "Out-of-Distribution Detection based on In-Distribution Data Patterns Memorization "
                "with Modern Hopfield Energy",
                "ICLR 2023", ""},
      .needs = {.logits = true, .features = true, .labels = true},
      .cost = "O(C + D) a row; metric=hopfield 2 N D operations with the N rows that fitting then "
              "keeps",
      .fit_on = "train",
      .parameters = {parameter(&She::metric,
                               {.name = "metric",
                                .doc = "how feature and pattern are compared; the paper takes the "
                                       "inner product. hopfield: the energy over all rows that "
                                       "the pattern is the mean of (HE)",
                                .choices = {"inner", "euclidean", "cosine", "hopfield"}}),
                     parameter(
                         &She::beta,
                         {.name = "beta",
                          .doc = "inverse temperature of the energy: the larger, the more "
                                 "the nearest rows count alone",
                          .min = 0,
                          .min_excluded = true},
                         {"metric=hopfield", [](const She& s) { return s.metric == "hopfield"; }})},
      .learned = {learned(&She::patterns, "patterns", "S [C, D]"),
                  sometimes(
                      learned(&She::rows, "rows", "with metric=hopfield the rows h_j [n, D]")),
                  sometimes(learned(&She::classes, "classes", "of these rows [1, n]"))},
      .deviations = {"a class of which no row is classified right takes the mean of all its rows, "
                     "where OpenOOD's pattern is NaN",
                     "metric=hopfield leaves out the terms of the energy that do not depend on "
                     "the stored rows, |h|^2 / 2 too, as the authors' code does; its beta is 1"},
  });
}

}  // namespace nescio::detectors
