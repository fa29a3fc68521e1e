// SHE: how well the feature agrees with the stored pattern of the class that the network sees.
//   s(x) = -h . S_y,  y = argmax_c z_c                                     higher = more OOD
// S_c: mean feature of the training rows of class c that are classified right. metric=euclidean takes the
// distance |h - S_y|, metric=cosine the angle, -h . S_y / (|h| |S_y|). O(D) a row.
#include <algorithm>

#include "base/class_names.h"
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class She final : public Detector {
 public:
  std::string metric = "inner";
  Matrix patterns;

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    statistics::Statistics& right =
        statistics.only(row_argmax(in.logits) == statistics.label(in.logits.graph()));
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
    const Expr seen = row_argmax(in.logits);
    const Expr pattern = take_row(patterns, seen);
    if (metric == "euclidean") return l2_norm(in.features - pattern);
    if (metric == "cosine") return -row_sum(in.directions() * unit_rows(pattern));
    return -row_sum(in.features * pattern);
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
      .fit_on = "train",
      .parameters = {parameter(&She::metric, {.name = "metric",
                                              .doc = "how feature and pattern are compared; the "
                                                     "paper takes the inner product",
                                              .choices = {"inner", "euclidean", "cosine"}})},
      .learned = {learned(&She::patterns, "patterns", "S [C, D]")},
      .deviations = {"a class of which no row is classified right takes the mean of all its rows, "
                     "where OpenOOD's pattern is NaN"},
  });
}

}  // namespace nescio::detectors
