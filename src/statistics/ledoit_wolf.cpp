#include "statistics/ledoit_wolf.h"

#include <algorithm>

#include "base/error.h"
#include "base/one_thread.h"

namespace nescio::statistics {
namespace {

double sum_of_squares(const Matrix& matrix) {
  double sum = 0;
  for (const double v : matrix.values) sum += v * v;
  return sum;
}

/// The mean of |x - centre|^4 over the rows.
double fourth_moment(Statistics& statistics, const expr::Expr& e, About about) {
  const bool by_class = about == About::class_means;
  const Matrix& centres = by_class ? statistics.class_mean(e) : statistics.mean(e);
  const auto y = by_class ? statistics.labels() : std::span<const std::int64_t>{};
  const Matrix sum = statistics.reduce(e, Matrix(1, 1), [&](const Rows& rows, Matrix& total) {
    for (std::size_t r = 0; r < rows.count(); ++r) {
      const auto row = rows.row(r);
      const auto centre = centres.row(by_class ? static_cast<std::size_t>(y[rows.first + r]) : 0);
      double square = 0;
      for (std::size_t c = 0; c < rows.width; ++c) {
        square += (row[c] - centre[c]) * (row[c] - centre[c]);
      }
      total.values[0] += square * square;
    }
  });
  return sum.values[0] / static_cast<double>(statistics.rows());
}

}  // namespace

const Matrix& shrunk_covariance(Statistics& statistics, const expr::Expr& e, About about) {
  const bool by_class = about == About::class_means;
  return statistics.derived<Matrix>(text("Ledoit-Wolf ", by_class), e, [&] {
    Matrix s = by_class ? statistics.within_covariance(e) : statistics.covariance(e);
    const auto width = static_cast<double>(s.cols);
    double m = 0;
    for (std::size_t c = 0; c < s.cols; ++c) m += s(c, c) / width;
    Matrix off = s;
    for (std::size_t c = 0; c < s.cols; ++c) off(c, c) -= m;
    const double d = sum_of_squares(off) / width;
    if (d == 0) return s;  // a sphere already
    const double b = (fourth_moment(statistics, e, about) - sum_of_squares(s)) /
                     (static_cast<double>(statistics.rows()) * width);
    const double rho = std::clamp(b, 0.0, d) / d;
    for (double& v : s.values) v *= 1 - rho;
    for (std::size_t c = 0; c < s.cols; ++c) s(c, c) += rho * m;
    return s;
  });
}

const math::Whitening& shrunk_whitening(Statistics& statistics, const expr::Expr& e, About about) {
  const bool by_class = about == About::class_means;
  return statistics.derived<math::Whitening>(text("Ledoit-Wolf whitening ", by_class), e, [&] {
    if (by_class) statistics.require_within_variance(e);
    const Matrix& covariance = shrunk_covariance(statistics, e, about);
    return on_one_thread(
        [&] { return math::whitening(covariance, statistics.rounding_variance(e)); });
  });
}

}  // namespace nescio::statistics
