// Distance to the k-th nearest training feature.
//   s(x) = |u - u_(k)|,  u = h / |h|                                       higher = more OOD
// u_(k): the k-th nearest of the training features, exact search. variant=openood gives the squared
// distance (same order).
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Knn final : public Detector {
 public:
  std::int64_t k = 50;
  bool normalize = true;
  std::string variant = "paper";
  Array rows;

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    if (normalize) check_directions(in, statistics, notices, ", or take normalize=false");
    rows = statistics.values(feature(in));
    check();
  }

  Expr score(const Inputs& in) const override {
    check();
    const Expr nearest = over_rows(Over::smallest, squared_distances(feature(in), rows));
    const Expr distance = column(nearest, static_cast<std::size_t>(k) - 1);
    return variant == "openood" ? distance : sqrt(distance);
  }

 private:
  Expr feature(const Inputs& in) const { return normalize ? in.directions() : in.features; }
  void check() const {
    if (static_cast<std::size_t>(k) > rows.rows()) {
      fail("knn: k = ", k, " is more than the ", rows.rows(), " training rows");
    }
  }
};

}  // namespace

DetectorInfo knn() {
  return describe<Knn>({
      .name = "knn",
      .summary = "Distance to the k-th nearest training feature on the unit sphere.",
      .formula = "s(x) = |u - u_(k)|,  u = h / |h|",
      .paper = {"Sun, Ming, Zhu, Li", "Out-of-Distribution Detection with Deep Nearest Neighbors",
                "ICML 2022", "2204.06507"},
      .needs = {.features = true},
      .cost = "2 N D operations a row: a search that all k share; fitting keeps the N rows",
      .fit_on = "train",
      .parameters = {parameter(&Knn::k,
                               {.name = "k",
                                .doc = "which neighbour; the paper takes 50 for CIFAR-10, 200 "
                                       "for CIFAR-100, 1000 for ImageNet",
                                .min = 1,
                                .sweep = {"50", "100", "200", "500", "1000"}}),
                     parameter(&Knn::normalize,
                               {.name = "normalize", .doc = "scale features to unit length first"}),
                     parameter(&Knn::variant, {.name = "variant",
                                               .doc = "openood: the squared distance",
                                               .choices = {"paper", "openood"}})},
      .learned = {learned(&Knn::rows, "rows", "training features [N, D]")},
      .deviations = {"a zero feature stays zero, where OpenOOD divides by zero"},
  });
}

}  // namespace nescio::detectors
