// Mixtures of Gaussians by expectation and maximisation, over rows that are never held together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "math/cholesky.h"
#include "statistics/statistics.h"

namespace nescio::statistics {

/// One covariance for each component, or one that all share.
enum class MixtureCovariance { full, tied };

struct MixtureSettings {
  std::size_t components = 1;
  MixtureCovariance covariance = MixtureCovariance::full;
  double ridge = 1e-6;           // added to the diagonal of each covariance
  std::uint64_t seed = 0;        // of the k-means that it begins with
  std::size_t iterations = 100;  // at most
  double tolerance = 1e-3;       // a smaller gain of the mean log-likelihood ends it
};

/// p(x) = sum_k weight_k N(x; mean_k, covariance_k)
struct GaussianMixture {
  Matrix weights;                   // [1, K]
  Matrix means;                     // [K, w]
  std::vector<Matrix> covariances;  // K of [w, w]; one where it is tied
  double log_likelihood = 0;        // mean over the rows, of the parameters before the last step
  std::size_t iterations = 0;
  bool converged = false;
};

/// What gives squared Mahalanobis lengths and log |covariance|. Error where the covariance is singular.
math::InverseRoot precision(Matrix covariance);

/// Fits a mixture to the rows, beginning with the clusters of k_means(). One pass over the rows for each
/// iteration, O(N K w^2); memory O(K w^2) for each thread. Error if that is more than a GiB.
GaussianMixture gaussian_mixture(Statistics& statistics, const expr::Expr& e,
                                 const MixtureSettings& settings);

}  // namespace nescio::statistics
