#include "detectors/tied_gaussian.h"

#include "statistics/ledoit_wolf.h"

namespace nescio::detectors {

void TiedGaussian::fit(const Inputs& in, const FitData& data) {
  statistics::Statistics& statistics = data.of(fit_on);
  if (normalize) check_directions(in, statistics, notices, ", or take normalize=false");
  const bool within = means == "classes";
  const Expr h = feature(in);
  mean = statistics.mean(h);
  const math::Whitening& sigma = whitening_of(in, statistics, within);
  whitening = sigma.matrix;
  centres = Matrix(1, sigma.matrix.cols);
  if (within) {
    Matrix centred = statistics.class_mean(h);
    for (std::size_t c = 0; c < centred.rows; ++c) {
      for (std::size_t d = 0; d < centred.cols; ++d) centred(c, d) -= mean(0, d);
    }
    centres = math::multiply(centred, whitening);
  }
  const std::size_t rows = statistics.rows();
  if (sigma.matrix.cols < h.width() && sigma.matrix.cols + centres.rows >= rows) {
    notices.push_back(text(rows, " rows of ", centres.rows,
                           centres.rows == 1 ? " mean (" : " classes (", statistics.name(),
                           ") give a covariance of rank ", sigma.matrix.cols, " in ", h.width(),
                           " dimensions; what lies outside it is not measured: fit it on more "
                           "rows, or with shrinkage=ledoit_wolf"));
  }
}

const math::Whitening& TiedGaussian::whitening_of(const Inputs& in,
                                                  statistics::Statistics& statistics,
                                                  bool within) const {
  const Expr h = feature(in);
  if (shrinkage == "none") {
    return within ? statistics.within_whitening(h) : statistics.whitening(h);
  }
  return statistics::shrunk_whitening(
      statistics, h, within ? statistics::About::class_means : statistics::About::mean);
}

Expr TiedGaussian::distance_to_class(const Inputs& in) const {
  return row_min(squared_distances(matmul(feature(in) - mean, whitening), centres));
}

ParameterInfo unit_length(const std::string& normalized) {
  return {.name = "normalize",
          .doc = text("scale features to unit length first (", normalized, ", arXiv:2505.18032)"),
          .sweep = {"false", "true"}};
}

ParameterInfo covariance_shrinkage() {
  return {.name = "shrinkage",
          .doc =
              "ledoit_wolf draws the covariance towards a sphere, so that few rows in many "
              "dimensions have an inverse (Ledoit and Wolf 2004; SSD, arXiv:2103.12051)",
          .choices = {"none", "ledoit_wolf"}};
}

}  // namespace nescio::detectors
