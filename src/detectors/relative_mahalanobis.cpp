// Relative Mahalanobis distance (RMDS).
//   s(x) = min_c d_c(x) - d_0(x)                                           higher = more OOD
// d_c: squared Mahalanobis distance to class c under the shared covariance (tied_gaussian.h), d_0:
// to the overall mean under the covariance of all training features, both divided by N.
#include "detectors/tied_gaussian.h"

namespace nescio::detectors {
namespace {

class RelativeMahalanobis final : public TiedGaussian {
 public:
  Matrix background;

  void fit(const Inputs& in, const FitData& data) override {
    TiedGaussian::fit(in, data);
    statistics::Statistics& statistics = data.of(fit_on);
    if (centres.rows < 2) {
      fail("of a single class (", statistics.name(), ") both distances are the same; take ",
           "mahalanobis, or rows of several classes");
    }
    background = whitening_of(in, statistics, false).matrix;
  }

  Expr score(const Inputs& in) const override {
    return distance_to_class(in) - sum_of_squares(matmul(feature(in) - mean, background));
  }
};

}  // namespace

DetectorInfo relative_mahalanobis() {
  return describe<RelativeMahalanobis>({
      .name = "relative_mahalanobis",
      .summary = "Mahalanobis distance to the nearest class less that to the whole training set.",
      .formula = "s(x) = min_c d_c(x) - d_0(x)",
      .paper = {"Ren, Fort, Liu, Roy, Padhy, Lakshminarayanan",
                "A Simple Fix to Mahalanobis Distance for Improving Near-OOD Detection",
                "ICML workshop 2021", "2106.09022"},
      .needs = {.features = true, .labels = true},
      .cost = "O(D^2 + C D) a row, with two products where mahalanobis has one; fitting sums two "
              "covariances, O(N D^2), and inverts them, O(D^3)",
      .fit_on = "train",
      .parameters = {parameter<RelativeMahalanobis, bool>(&RelativeMahalanobis::normalize,
                                                          unit_length("RMDS++")),
                     parameter<RelativeMahalanobis, std::string>(&RelativeMahalanobis::shrinkage,
                                                                 covariance_shrinkage())},
      .learned = {learned(&RelativeMahalanobis::mean, "mean", "overall mean [1, D]"),
                  learned(&RelativeMahalanobis::whitening, "whitening",
                          "W [D, rank], W W^T = within covariance^-1"),
                  learned(&RelativeMahalanobis::centres, "centres",
                          "whitened class means [C, rank]"),
                  learned(&RelativeMahalanobis::background, "background",
                          "V [D, rank], V V^T = covariance^-1")},
      .aliases = {"rmds", "rmd"},
      .deviations = {"pytorch-ood 0.2 does not divide the background covariance by N, which makes "
                     "its RMD twice its "
                     "Mahalanobis score; here both are"},
  });
}

}  // namespace nescio::detectors
