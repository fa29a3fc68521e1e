// Virtual-logit matching (ViM).
//   s(x) = alpha |R^T (h - u)| - log sum_c exp(z_c)                        higher = more OOD
// u = -pinv(W) b: the feature at which the logits vanish; R: eigenvectors of the training features'
// second moment about u beyond the first `dim`; alpha = mean max_c z_c / mean |R^T (h - u)| over
// the training rows. O(D (D - dim)) a row. Refused where a constant of it means nothing: a residual
// that is rounding, and alpha <= 0, which would turn the residual round.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/threads.h"
#include "detectors/detector.h"

namespace nescio::detectors {
namespace {

class Vim final : public Detector {
 public:
  static constexpr double epsilon = std::numeric_limits<float>::epsilon();
  std::optional<std::int64_t> dim;
  Matrix origin, residual_space;
  double alpha = 0;

  void fit(const Inputs& in, const FitData& data) override {
    Statistics& statistics = data.of(fit_on);
    const std::size_t width = in.features.width();
    const std::size_t d = dim ? static_cast<std::size_t>(*dim) : width > 256 ? 256 : width / 2;
    if (d >= width) {
      fail("dim = ", d, " leaves nothing of ", width, " feature dimensions; take less, e.g. ",
           width / 2);
    }
    origin = vanishing_feature(*in.head);
    Matrix moment =
        statistics.covariance(in.features);  // about u: covariance + (mean - u)(mean - u)^T
    const Matrix& mean = statistics.mean(in.features);
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        moment(i, j) += (mean(0, i) - origin(0, i)) * (mean(0, j) - origin(0, j));
      }
    }
    math::Eigen eigen;
    parallel_for(1, [&](std::size_t) { eigen = math::eigen_symmetric(std::move(moment)); });
    // Eigenvalues ascend, so the residual space is the first D - d columns.
    residual_space = Matrix(width, width - d);
    for (std::size_t i = 0; i < width; ++i) {
      std::copy_n(eigen.vectors.row(i).begin(), width - d, residual_space.row(i).begin());
    }
    check_residual(eigen.values, d, statistics);
    if (statistics.rows() < width) {
      notices.push_back(text(statistics.rows(), " rows of ", statistics.name(), " in ", width,
                             " dimensions: rows that were not fitted on have a larger residual, so "
                             "alpha is too large; fit it on more rows"));
    }
    const double residual_mean = statistics.mean(residual(in))(0, 0);
    alpha = mean_largest_logit(in, statistics) / residual_mean;
  }

  Expr score(const Inputs& in) const override {
    return alpha * residual(in) - logsumexp(in.logits);
  }

 private:
  Expr residual(const Inputs& in) const {
    return l2_norm(matmul(in.features - origin, residual_space));
  }

  /// Features are float32, so a sum over D of them is known to eps sqrt(D) of their length; what the
  /// residual space holds must be more. `moments` ascend, those of the residual space come first.
  void check_residual(const std::vector<double>& moments, std::size_t d,
                      const Statistics& statistics) const {
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

  static double mean_largest_logit(const Inputs& in, Statistics& statistics) {
    const Expr largest = row_max(in.logits);
    const double mean = statistics.mean(largest)(0, 0);
    if (mean > epsilon * statistics.mean(abs(largest))(0, 0)) return mean;
    fail(
        "the mean of the largest logit over ", statistics.name(), " is ", mean,
        ", and alpha has its sign: the residual would count the wrong way round. A constant added ",
        "to all logits and to the head's bias changes no probability; give them with one that "
        "makes ",
        "the largest positive, and the network's logits themselves where these are "
        "log-probabilities");
  }

  static Matrix vanishing_feature(const HeadTables& head) {
    const auto matrix = [](const Table& table) {
      Matrix m(table.rows(), table.cols());
      for (std::size_t i = 0; i < m.values.size(); ++i) m.values[i] = table.value(i);
      return m;
    };
    Matrix u;
    parallel_for(1, [&](std::size_t) {
      u = math::multiply(matrix(head.bias),
                         math::transpose(math::pseudo_inverse(matrix(head.weight), epsilon)));
    });
    for (double& v : u.values) v = -v;
    return u;
  }
};

}  // namespace

DetectorInfo vim() {
  return describe<Vim>({
      .name = "vim",
      .summary = "Length of the feature outside the principal space, scaled to a logit, less the "
                 "energy of the logits.",
      .formula = "s(x) = alpha |R^T (h - u)| - log sum_c exp(z_c)",
      .paper = {"Wang, Li, Feng, Zhang", "ViM: Out-Of-Distribution with Virtual-logit Matching",
                "CVPR 2022", "2203.10807"},
      .needs = {.logits = true, .features = true, .head = true},
      .fit_on = "train",
      .parameters = {parameter(
          &Vim::dim,
          {.name = "dim",
           .doc = "dimensions of the principal space; auto: 256, or D / 2 where D <= 256",
           .min = 1,
           .sweep = {"256", "1000"}})},
      .learned = {learned(&Vim::origin, "origin", "u [1, D]"),
                  learned(&Vim::residual_space, "residual_space", "R [D, D - dim]"),
                  learned(&Vim::alpha, "alpha", "scale of the virtual logit")},
      .deviations =
          {"the symmetric eigen-solver in double; OpenOOD's general one may return complex vectors",
           "dim >= D and dim >= the rank of the features are refused, where OpenOOD divides by "
           "zero or "
           "by rounding, and so is a mean largest logit <= 0, which would turn the residual round; "
           "logits are the network's own"},
  });
}

}  // namespace nescio::detectors
