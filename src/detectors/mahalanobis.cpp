// Mahalanobis distance to the nearest class (MDS).
//   s(x) = min_c (h - mu_c)^T Sigma^-1 (h - mu_c)                          higher = more OOD
// mu_c: class means, Sigma: covariance of h - mu_y over the training rows, divided by N. Sigma^-1
// is the pseudo-inverse: eigenvalues up to D eps times the largest count as zero, so dead units do
// no harm. Scored as squared distances after whitening about the overall mean: O(D^2 + C D) a row,
// two products.
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Mahalanobis final : public Detector {
 public:
  bool normalize = false;
  Matrix mean, whitening, centres;

  void fit(const Inputs& in, Statistics& statistics) override {
    const Expr h = feature(in);
    mean = statistics.mean(h);
    whitening = statistics.within_whitening(h).matrix;
    Matrix centred = statistics.class_mean(h);
    for (std::size_t c = 0; c < centred.rows; ++c) {
      for (std::size_t d = 0; d < centred.cols; ++d) centred(c, d) -= mean(0, d);
    }
    centres = math::multiply(centred, whitening);
  }

  Expr score(const Inputs& in) const override {
    return row_min(squared_distances(matmul(feature(in) - mean, whitening), centres));
  }

 private:
  Expr feature(const Inputs& in) const { return normalize ? unit_rows(in.features) : in.features; }
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
      .parameters = {parameter(&Mahalanobis::normalize,
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
