#include "detectors/principal_space.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/one_thread.h"

namespace nescio::detectors {
namespace {

constexpr double epsilon = std::numeric_limits<float>::epsilon();

// u = -pinv(W) b. The head is the same for all that is fitted on a bank, so it is inverted once.
Matrix vanishing_feature(const Inputs& in, statistics::Statistics& statistics) {
  const Expr weight = constant(in.features.graph(), in.head->weight);
  const Matrix& inverse = statistics.derived<Matrix>("pseudo-inverse", weight, [&] {
    return on_one_thread(
        [&] { return math::transpose(math::pseudo_inverse(matrix_of(in.head->weight), epsilon)); });
  });
  Matrix u = on_one_thread([&] { return math::multiply(matrix_of(in.head->bias), inverse); });
  for (double& v : u.values) v = -v;
  return u;
}

/// Features are float32, so a sum over D of them is known to eps sqrt(D) of their length; what the
/// residual space holds must be more. `moments` ascend, those of the residual space come first.
void check_residual(const std::vector<double>& moments, std::size_t d, const Matrix& origin,
                    const statistics::Statistics& statistics) {
  const auto width = static_cast<double>(moments.size());
  double all = 0, rest = 0, shift = 0;
  for (std::size_t i = 0; i < moments.size(); ++i) {
    all += moments[i];
    if (i < moments.size() - d) rest += moments[i];
  }
  for (const double v : origin.values) shift += v * v;
  const double rounding = width * epsilon * epsilon * (all + shift);
  if (rest > rounding) return;
  const auto rank = std::ranges::count_if(moments, [&](double m) { return m > rounding; });
  const std::string remedy = rank > 1 ? text("take a smaller dim, e.g. ", rank / 2)
                                      : text("they hold nothing to be measured");
  fail("the training features have no part outside the first ", d, " dimensions: the ",
       statistics.rows(), " rows of ", statistics.name(), " span ", rank, " of ", moments.size(),
       ", what is beyond is rounding; ", remedy);
}

}  // namespace

// That is covariance + (mean - point)(mean - point)^T.
const math::Eigen& moment_axes(const Expr& e, const Matrix& point,
                               statistics::Statistics& statistics) {
  return statistics.derived<math::Eigen>("principal axes about 0", e - point, [&] {
    Matrix moment = statistics.covariance(e);
    const Matrix& mean = statistics.mean(e);
    for (std::size_t i = 0; i < moment.rows; ++i) {
      for (std::size_t j = 0; j < moment.cols; ++j) {
        moment(i, j) += (mean(0, i) - point(0, i)) * (mean(0, j) - point(0, j));
      }
    }
    return on_one_thread([&] { return math::eigen_symmetric(std::move(moment)); });
  });
}

void PrincipalSpace::fit(const Inputs& in, const FitData& data) {
  statistics::Statistics& statistics = data.of(fit_on);
  const std::size_t width = in.features.width();
  const std::size_t d =
      dim ? static_cast<std::size_t>(*dim) : usual_dimensions(width, wide_dimensions(in));
  if (d >= width) {
    fail("dim = ", d, " leaves nothing of ", width, " feature dimensions; take less, e.g. ",
         width / 2);
  }
  origin = vanishing_feature(in, statistics);
  const math::Eigen& eigen = moment_axes(in.features, origin, statistics);
  Matrix axes(width, width - d);
  for (std::size_t i = 0; i < width; ++i) {
    std::copy_n(eigen.vectors.row(i).begin(), width - d, axes.row(i).begin());
  }
  // Lengths alone are asked for, and products with a trapezoid take fewer operations.
  residual_space = on_one_thread([&] { return math::lower_trapezoid(std::move(axes)); });
  check_residual(eigen.values, d, origin, statistics);
  if (statistics.rows() < width) {
    notices.push_back(text(statistics.rows(), " rows of ", statistics.name(), " in ", width,
                           " dimensions: rows that were not fitted on have a larger residual; fit "
                           "it on more rows"));
  }
}

Expr PrincipalSpace::residual(const Inputs& in) const {
  return l2_norm(matmul(in.features - origin, residual_space));
}

std::size_t usual_dimensions(std::size_t width, std::size_t wide) {
  if (width >= 2048) return wide;
  return width >= 768 ? 512 : width / 2;
}

ParameterInfo principal_dimensions(const std::string& wide) {
  return {.name = "dim",
          .doc = text("dimensions of the principal space; auto: D / 2, from D = 768 on 512, from "
                      "2048 on ",
                      wide),
          .min = 1,
          .sweep = {"256", "1000"}};
}

}  // namespace nescio::detectors
