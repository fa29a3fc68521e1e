// Neural relation graph: how strongly a row is related to the training rows.
//   s(x) = -sum_i [r_i > threshold] r_i^pow,  r_i = max(0, u . u_i) p . p_i  higher = more OOD
// u = h / |h|, p = softmax(z), i over the training rows, summed up in double.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Relation final : public Detector {
 public:
  double power = 1;
  double threshold = 0.03;
  Array rows, probabilities;

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    check_directions(in, statistics, notices);
    rows = statistics.values(in.directions());
    probabilities = statistics.values(softmax(in.logits));
  }

  Expr score(const Inputs& in) const override {
    const Expr similar = max(inner_products(in.directions(), rows), 0.0);
    const Expr edge = similar * inner_products(softmax(in.logits), probabilities);
    const Expr none = constant(in.logits.graph(), 0.0);
    return -over_rows(Over::sum, where(edge > threshold, pow(edge, power), none));
  }
};

}  // namespace

DetectorInfo relation() {
  return describe<Relation>({
      .name = "relation",
      .summary = "Sum of the relations to all training rows, by direction and probabilities.",
      .formula = "s(x) = -sum_i [r_i > threshold] r_i^pow,  r_i = max(0, u . u_i) p . p_i,  "
                 "u = h / |h|,  p = softmax(z)",
      .paper = {"Kim, Song, Yun, Song",
                "Neural Relation Graph: A Unified Framework for Identifying Label Noise and "
                "Outlier Data",
                "NeurIPS 2023", "2301.12321"},
      .needs = {.logits = true, .features = true},
      .cost = "2 N (D + C) operations a row: two products with the N rows that fitting keeps",
      .fit_on = "train",
      .parameters = {parameter(&Relation::power, {.name = "pow",
                                                  .doc = "exponent of a relation",
                                                  .min = 0,
                                                  .min_excluded = true,
                                                  .sweep = {"1", "2", "4", "6", "8"}}),
                     parameter(&Relation::threshold,
                               {.name = "threshold",
                                .doc = "relations up to it do not count; rows that have no other "
                                       "tie at 0, as most do where there are many classes",
                                .min = 0,
                                .max = 1})},
      .learned = {learned(&Relation::rows, "rows", "u_i [N, D]"),
                  learned(&Relation::probabilities, "probabilities", "p_i [N, C]")},
      .deviations = {"a zero feature stays zero; OpenOOD adds 1e-10 to the square of each length"},
  });
}

}  // namespace nescio::detectors
