// Mahalanobis distance to the nearest class (MDS).
//   s(x) = min_c (h - mu_c)^T Sigma^-1 (h - mu_c)                          higher = more OOD
// mu_c: class means, Sigma: their common covariance (tied_gaussian.h). With means=one all rows are one Gaussian, which
// needs no labels: with unit length that is SSD's score and MOOD's first.
#include "detectors/tied_gaussian.h"

namespace nescio::detectors {
namespace {

class Mahalanobis final : public TiedGaussian {
 public:
  Needs needs() const override {
    Needs needs = described_needs;
    needs.labels = means == "classes";
    return needs;
  }
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
      .further_papers =
          {"normalize=true,means=one: Sehwag, Chiang, Mittal, SSD: A Unified Framework for "
           "Self-Supervised Outlier Detection, ICLR 2021, arXiv:2103.12051",
           "normalize=true,means=one: Li, Chen, He, Yu, Liu, Jia, Rethinking Out-of-distribution "
           "(OOD) Detection: Masked Image Modeling is All You Need, CVPR 2023, arXiv:2302.02615"},
      .needs = {.features = true, .labels = true},
      .cost = "O(D^2 + C D) a row; fitting sums a covariance, O(N D^2), and inverts it, O(D^3)",
      .fit_on = "train",
      .parameters =
          {parameter<Mahalanobis, bool>(&Mahalanobis::normalize, unit_length("MDS++")),
           parameter<Mahalanobis, std::string>(
               &Mahalanobis::means,
               {.name = "means",
                .doc = "classes: a mean for each class; one: one Gaussian for all rows, without "
                       "labels, as SSD and MOOD have it with normalize=true",
                .choices = {"classes", "one"}}),
           parameter<Mahalanobis, std::string>(&Mahalanobis::shrinkage, covariance_shrinkage())},
      .learned = {learned(&Mahalanobis::mean, "mean", "overall mean [1, D]"),
                  learned(&Mahalanobis::whitening, "whitening",
                          "W [D, rank] with W W^T = Sigma^-1"),
                  learned(&Mahalanobis::centres, "centres",
                          "whitened class means [C, rank]; with means=one [1, rank]")},
      .aliases = {"mds", "maha", "ssd"},
      .deviations = {"penultimate features without an input step, as OpenOOD's mds; the paper's "
                     "ensemble over "
                     "layers needs the network",
                     "MOOD's code takes numpy's pinv, which also inverts what rounding of float32 "
                     "makes vary, and fits on augmented pictures; SSD's standardises each feature "
                     "after unit length, which changes no distance where Sigma has full rank"},
  });
}

}  // namespace nescio::detectors
