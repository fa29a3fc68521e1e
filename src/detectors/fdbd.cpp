// fDBD: how far the feature is from the decision boundaries, against its distance to the training
// mean.
//   s(x) = -mean_{c != y} (z_y - z_c) / |w_y - w_c| / |h - mu|,  y = argmax_c z_c
//                                                                          higher = more OOD
// (z_y - z_c) / |w_y - w_c| is the distance to the boundary between y and c. normalizer=norm
// divides by |h| instead; variant=openood takes the sum over c.
#include <algorithm>
#include <cmath>

#include "base/class_names.h"
#include "base/threads.h"
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

/// 1 / |w_a - w_b|, 0 where there is no boundary because both are the same. [C, C]
Matrix inverse_distances(const HeadTables& head) {
  const Matrix w = matrix_of(head.weight);
  Matrix inverse(w.rows, w.rows);
  parallel_for(w.rows, [&](std::size_t a) {
    for (std::size_t b = 0; b < w.rows; ++b) {
      double square = 0;
      for (std::size_t d = 0; d < w.cols; ++d) {
        const double difference = w(a, d) - w(b, d);
        square += difference * difference;
      }
      if (square > 0) inverse(a, b) = 1 / std::sqrt(square);
    }
  });
  return inverse;
}

class Fdbd final : public Detector {
 public:
  std::string normalizer = "distance";
  std::string variant = "paper";
  Matrix mean, weights;

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    mean = statistics.mean(in.features);
    weights = statistics.derived<Matrix>("inverse distances of rows",
                                         constant(in.features.graph(), in.head->weight),
                                         [&] { return inverse_distances(*in.head); });
    std::vector<std::size_t> twins;
    for (std::size_t c = 0; c < weights.rows; ++c) {
      const auto row = weights.row(c);
      const auto boundaries = weights.cols - static_cast<std::size_t>(std::ranges::count(row, 0.0));
      if (boundaries == 0) {
        fail(
            "expected at least 2 classes whose weights in the head differ, found none that "
            "differs from class ",
            c);
      }
      if (boundaries + 1 < weights.cols) twins.push_back(c);
      if (variant == "openood") continue;
      for (double& v : row) v /= static_cast<double>(boundaries);
    }
    if (twins.empty()) return;
    notices.push_back(text("classes ", first_numbers(twins),
                           " have the same weights in the head "
                           "as another: there is no boundary between them, and none counts"));
  }

  Expr score(const Inputs& in) const override {
    const Expr below = row_max(in.logits) - in.logits;
    const Expr distance = row_sum(below * take_row(weights, in.seen()));
    const Expr length = l2_norm(normalizer == "norm" ? in.features : in.features - mean);
    return -(distance / max(length, shortest_row));
  }
};

}  // namespace

DetectorInfo fdbd() {
  return describe<Fdbd>({
      .name = "fdbd",
      .summary = "Mean distance of the feature to the decision boundaries, divided by its distance "
                 "to the training mean.",
      .formula = "s(x) = -mean_{c != y} (z_y - z_c) / |w_y - w_c| / |h - mu|,  y = argmax_c z_c",
      .paper = {"Liu, Qin", "Fast Decision Boundary based Out-of-Distribution Detector",
                "ICML 2024", "2312.11536"},
      .needs = {.logits = true, .features = true, .head = true},
      .cost = "O(C + D) a row; fitting O(C^2 D): the distances of all pairs of weight vectors",
      .fit_on = "train",
      .parameters = {parameter(&Fdbd::normalizer,
                               {.name = "normalizer",
                                .doc = "what divides: distance |h - mu|, norm |h|",
                                .choices = {"distance", "norm"},
                                .sweep = {"distance", "norm"}}),
                     parameter(&Fdbd::variant,
                               {.name = "variant",
                                .doc = "openood: the sum over the other classes (same order)",
                                .choices = {"paper", "openood"}})},
      .learned = {learned(&Fdbd::mean, "mean", "mu [1, D]"),
                  learned(&Fdbd::weights, "weights",
                          "1 / |w_a - w_b|, divided by the number of boundaries of a [C, C]")},
      .deviations = {"classes of the same weights have no boundary between them, which does not "
                     "count; OpenOOD divides by zero",
                     "logits are the network's own"},
  });
}

}  // namespace nescio::detectors
