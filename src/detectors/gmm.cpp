// Mixture of Gaussians: how unlikely the feature is under it.
//   s(x) = -log sum_g pi_g N(h; mu_g, Sigma_g)                             higher = more OOD
// One Gaussian for each class, with its share, mean and covariance (divided by N_g, plus ridge I),
// or `components` of them found without labels (statistics/gaussian_mixture.h). covariance=tied:
// all share one; diagonal: without correlations. The whole likelihood, with determinants and
// weights.
#include <cmath>
#include <numbers>

#include "base/threads.h"
#include "detectors/detector.h"
#include "statistics/gaussian_mixture.h"

namespace nescio::detectors {
namespace {

class Gmm final : public Detector {
 public:
  std::string covariance = "full";
  double ridge = 1e-6;
  std::optional<std::int64_t> components;
  std::int64_t seed = 0;
  Matrix mean;     // of all rows: what everything is about, so that few digits are lost
  Matrix scale;    // W_g side by side, W_g W_g^T = Sigma_g^-1; tied: one; diagonal: their diagonals
  Matrix centres;  // (mu_g - mean) W_g side by side; tied: in rows; diagonal: mu_g - mean
  Matrix constants;  // log pi_g - 1/2 log |2 pi Sigma_g|

  Needs needs() const override {
    Needs needs = described_needs;
    needs.labels = !components;
    return needs;
  }

  void fit(const Inputs& in, const FitData& data) override {
    statistics::Statistics& statistics = data.of(fit_on);
    const Expr& h = in.features;
    check_size(components ? static_cast<std::size_t>(*components) : statistics.classes(),
               h.width());
    const statistics::GaussianMixture mixture =
        components ? found(statistics, h) : of_classes(statistics, h);
    mean = statistics.mean(h);
    constants = mixture.weights;
    for (double& v : constants.values) {
      v = std::log(v) - 0.5 * static_cast<double>(h.width()) * std::log(2 * std::numbers::pi);
    }
    if (covariance == "diagonal") {
      set_diagonals(mixture);
    } else {
      set_whitenings(mixture);
    }
  }

  Expr score(const Inputs& in) const override {
    return -logsumexp(constants - 0.5 * distances(in.features - mean));
  }

 private:
  /// (h - mu_g)^T Sigma_g^-1 (h - mu_g), [B, G]
  Expr distances(const Expr& x) const {
    if (covariance == "tied") return squared_distances(matmul(x, scale), centres);
    const auto width = static_cast<std::int64_t>(x.width());
    Groups groups;
    for (std::size_t g = 0; g <= constants.cols; ++g) {
      groups.push_back(static_cast<std::int64_t>(g) * width);
    }
    if (covariance == "full") return sum_of_squares(matmul(x, scale) - centres, groups);
    std::vector<std::int64_t> columns;
    for (std::int64_t c = 0; c < groups.back(); ++c) columns.push_back(c % width);
    return sum_of_squares((select_columns(x, columns) - centres) * scale, groups);
  }

  void check_size(std::size_t gaussians, std::size_t width) const {
    const double gib = static_cast<double>(gaussians * width * width * sizeof(double)) / (1 << 30);
    if (covariance != "full" || gib <= 1) return;
    fail("covariances of ", gaussians, " Gaussians in ", width, " dimensions take ", gib,
         " GiB, more than 1; take covariance=tied or covariance=diagonal");
  }

  statistics::GaussianMixture found(statistics::Statistics& statistics, const Expr& h) {
    using statistics::MixtureCovariance;
    statistics::GaussianMixture mixture = statistics::gaussian_mixture(
        statistics, h,
        {.components = static_cast<std::size_t>(*components),
         .covariance = covariance == "tied" ? MixtureCovariance::tied : MixtureCovariance::full,
         .ridge = ridge,
         .seed = static_cast<std::uint64_t>(seed)});
    if (!mixture.converged) {
      notices.push_back(text("the mixture of ", *components, " Gaussians was still moving after ",
                             mixture.iterations, " passes over ", statistics.name()));
    }
    return mixture;
  }

  statistics::GaussianMixture of_classes(statistics::Statistics& statistics, const Expr& h) {
    statistics::GaussianMixture mixture;
    mixture.means = statistics.class_mean(h);
    const auto& counts = statistics.class_counts();
    mixture.weights = Matrix(1, counts.size());
    std::size_t few = 0;
    for (std::size_t c = 0; c < counts.size(); ++c) {
      mixture.weights.values[c] =
          static_cast<double>(counts[c]) / static_cast<double>(statistics.rows());
      few += counts[c] <= h.width();
    }
    if (covariance == "tied") {
      mixture.covariances = {statistics.within_covariance(h)};
      if (statistics.rows() < h.width() + counts.size()) {
        notices.push_back(text(statistics.rows(), " rows of ", counts.size(), " classes (",
                               statistics.name(), ") do not span the ", h.width(),
                               " dimensions: outside of what they span the ridge alone decides"));
      }
    } else if (covariance == "diagonal") {
      mixture.covariances = {variances(statistics, h, mixture.means)};
    } else {
      std::vector<std::vector<std::size_t>> rows(counts.size());
      const auto labels = statistics.labels();
      for (std::size_t r = 0; r < labels.size(); ++r) {
        rows[static_cast<std::size_t>(labels[r])].push_back(r);
      }
      for (const auto& of_class : rows) {
        mixture.covariances.push_back(statistics.subset(of_class).covariance(h));
      }
      if (few > 0) {
        notices.push_back(text(few, " of the ", counts.size(), " classes of ", statistics.name(),
                               " have no more rows than the ", h.width(),
                               " dimensions: outside of what these span the ridge alone decides; "
                               "take covariance=tied, or more rows"));
      }
    }
    for (Matrix& sigma : mixture.covariances) {
      const bool square = covariance != "diagonal";
      for (std::size_t i = 0; i < sigma.values.size(); i += square ? sigma.cols + 1 : 1) {
        sigma.values[i] += ridge;
      }
    }
    return mixture;
  }

  /// Of each column about the mean of each class. [C, D]
  static Matrix variances(statistics::Statistics& statistics, const Expr& h, const Matrix& means) {
    const auto labels = statistics.labels();
    Matrix sums = statistics.reduce(
        h, Matrix(means.rows, means.cols), [&](const statistics::Rows& rows, Matrix& to) {
          for (std::size_t r = 0; r < rows.count(); ++r) {
            const auto row = rows.row(r);
            const auto c = static_cast<std::size_t>(labels[rows.first + r]);
            for (std::size_t d = 0; d < row.size(); ++d) {
              const double x = row[d] - means(c, d);
              to(c, d) += x * x;
            }
          }
        });
    for (std::size_t c = 0; c < sums.rows; ++c) {
      const auto count = static_cast<double>(statistics.class_counts()[c]);
      for (double& v : sums.row(c)) v /= count;
    }
    return sums;
  }

  void set_diagonals(const statistics::GaussianMixture& mixture) {
    const Matrix& variance = mixture.covariances.front();
    const std::size_t width = mean.cols;
    scale = centres = Matrix(1, variance.values.size());
    for (std::size_t i = 0; i < scale.cols; ++i) {
      if (!(variance.values[i] > 0)) {
        fail("feature ", i % width, " does not vary in class ", i / width,
             "; take a larger ridge than ", ridge);
      }
      scale.values[i] = 1 / std::sqrt(variance.values[i]);
      centres.values[i] = mixture.means.values[i] - mean.values[i % width];
      constants.values[i / width] -= 0.5 * std::log(variance.values[i]);
    }
  }

  void set_whitenings(const statistics::GaussianMixture& mixture) {
    const std::size_t width = mean.cols, gaussians = mixture.means.rows;
    std::vector<math::InverseRoot> precisions(mixture.covariances.size());
    parallel_for(precisions.size(), [&](std::size_t g) {
      precisions[g] = statistics::precision(mixture.covariances[g]);
    });
    Matrix about_mean = mixture.means;
    for (std::size_t i = 0; i < about_mean.values.size(); ++i) {
      about_mean.values[i] -= mean.values[i % width];
    }
    for (std::size_t g = 0; g < gaussians; ++g) {
      const auto& precision = precisions[precisions.size() == 1 ? 0 : g];
      constants.values[g] -= 0.5 * precision.log_determinant;
    }
    if (covariance == "tied") {
      scale = precisions.front().matrix;
      centres = math::multiply(about_mean, scale);
      return;
    }
    scale = Matrix(width, gaussians * width);
    centres = Matrix(1, gaussians * width);
    for (std::size_t g = 0; g < gaussians; ++g) {
      const Matrix& whitening = precisions[g].matrix;
      for (std::size_t i = 0; i < width; ++i) {
        for (std::size_t j = 0; j < width; ++j) {
          scale(i, g * width + j) = whitening(i, j);
          centres.values[g * width + j] += about_mean(g, i) * whitening(i, j);
        }
      }
    }
  }
};

}  // namespace

DetectorInfo gmm() {
  const When<Gmm> correlated = {"covariance=full or covariance=tied",
                                [](const Gmm& g) { return g.covariance != "diagonal"; }};
  return describe<Gmm>({
      .name = "gmm",
      .summary = "Negative log-likelihood of the feature under a mixture of Gaussians, one for "
                 "each class.",
      .formula = "s(x) = -log sum_g pi_g N(h; mu_g, Sigma_g)",
      .paper = {"Yang, Zhou, Liu", "Full-Spectrum Out-of-Distribution Detection (SEM)", "IJCV 2023",
                "2204.05306"},
      .needs = {.features = true, .labels = true},
      .cost = "O(G D^2) a row for G Gaussians, tied O(D^2 + G D), diagonal O(G D); fitting sums "
              "covariances, O(N D^2), with components=G O(N G D^2) in each of up to 100 passes",
      .fit_on = "train",
      .parameters =
          {parameter(&Gmm::covariance,
                     {.name = "covariance",
                      .doc = "full: each Gaussian its own; diagonal: without correlations; tied: "
                             "all share one",
                      .choices = {"full", "diagonal", "tied"}}),
           parameter(&Gmm::ridge, {.name = "ridge",
                                   .doc = "added to the diagonal of each covariance",
                                   .min = 0,
                                   .sweep = {"1e-06", "0.01"}}),
           parameter(&Gmm::components,
                     {.name = "components",
                      .doc = "Gaussians that are found without labels; auto: one for each class",
                      .min = 1,
                      .max = 10000},
                     correlated),
           parameter(&Gmm::seed, {.name = "seed", .doc = "of the search for components", .min = 0},
                     {"components=N", [](const Gmm& g) { return g.components.has_value(); }})},
      .learned = {learned(&Gmm::mean, "mean", "of all rows [1, D]"),
                  learned(&Gmm::scale, "scale",
                          "W_g side by side, W_g W_g^T = Sigma_g^-1 [D, G D]; tied: one [D, D]; "
                          "diagonal: their diagonals [1, G D]"),
                  learned(
                      &Gmm::centres, "centres",
                      "(mu_g - mean) W_g [1, G D]; tied: in rows [G, D]; diagonal: mu_g - mean"),
                  learned(&Gmm::constants, "constants",
                          "log pi_g - 1/2 log |2 pi Sigma_g| [1, G]")},
      .deviations = {"penultimate features alone; SEM's three layers need the network. OpenOOD "
                     "leaves the normalising constant out and adds 1e-45, where far rows tie; its "
                     "order is that of gmm(covariance=tied,components=N)",
                     "pytorch-ood before 0.4 leaves determinants and weights out, which changes "
                     "the order"},
  });
}

}  // namespace nescio::detectors
