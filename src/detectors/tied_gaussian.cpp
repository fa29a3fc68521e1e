#include "detectors/tied_gaussian.h"

namespace nescio::detectors {

void TiedGaussian::fit(const Inputs& in, const FitData& data) {
  statistics::Statistics& statistics = data.of(fit_on);
  if (normalize) check_directions(in, statistics, notices);
  const Expr h = feature(in);
  mean = statistics.mean(h);
  const math::Whitening& within = statistics.within_whitening(h);
  whitening = within.matrix;
  Matrix centred = statistics.class_mean(h);
  for (std::size_t c = 0; c < centred.rows; ++c) {
    for (std::size_t d = 0; d < centred.cols; ++d) centred(c, d) -= mean(0, d);
  }
  centres = math::multiply(centred, whitening);
  const std::size_t rows = statistics.rows();
  if (within.rank < h.width() && within.rank + statistics.classes() >= rows) {
    notices.push_back(
        text(rows, " rows of ", statistics.classes(), " classes (", statistics.name(),
             ") give a covariance of rank ", within.rank, " in ", h.width(),
             " dimensions; what lies outside it is not measured: fit it on more rows"));
  }
}

Expr TiedGaussian::distance_to_class(const Inputs& in) const {
  return row_min(squared_distances(matmul(feature(in) - mean, whitening), centres));
}

}  // namespace nescio::detectors
