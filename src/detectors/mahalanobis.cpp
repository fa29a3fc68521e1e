// Mahalanobis distance to the nearest class (MDS).
//   s(x) = min_c (h - mu_c)^T Sigma^-1 (h - mu_c)                          higher = more OOD
// mu_c: class means, Sigma: their common covariance (tied_gaussian.h). O(D^2 + C D) a row.
#include "detectors/tied_gaussian.h"

namespace nescio::detectors {
namespace {

class Mahalanobis final : public TiedGaussian {
 public:
  Expr score(const Inputs& in) const override { return distance_to_class(in); }
};

}  // namespace

DetectorInfo mahalanobis() {
  return describe<Mahalanobis>({
      .name = "mahalanobis",
      .summary =
          "Squared Mahalanobis distance to the nearest class mean under one shared covariance.",
      .formula = "s(x) = min_c (h - mu_c)^T Sigma^-1 (h - mu_c)",
      .paper = {"Lee, Lee, Lee, Shin",
                "A Simple Unified Framework for Detecting Out-of-Distribution Samples and "
                "Adversarial Attacks",
                "NeurIPS 2018", "1807.03888"},
      .needs = {.features = true, .labels = true},
      .fit_on = "train",
      .parameters = {parameter<Mahalanobis, bool>(
          &Mahalanobis::normalize,
          {.name = "normalize",
           .doc = "scale features to unit length first (MDS++, 2505.18032)",
           .sweep = {"false", "true"}})},
      .learned = {learned(&Mahalanobis::mean, "mean", "overall mean [1, D]"),
                  learned(&Mahalanobis::whitening, "whitening",
                          "W [D, rank] with W W^T = Sigma^-1"),
                  learned(&Mahalanobis::centres, "centres", "whitened class means [C, rank]")},
      .aliases = {"mds", "maha"},
      .deviations = {"penultimate features without an input step, as OpenOOD's mds; the paper's "
                     "ensemble over "
                     "layers needs the network"},
  });
}

}  // namespace nescio::detectors
