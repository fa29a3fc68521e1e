// Conformal p-values: how unusual a score is among those of rows that are known.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace nescio::calibration {

/// Which promise a p-value keeps for an ID row.
enum class Validity {
  /// P(p <= t) <= t over calibration sets and rows together: (1 + #{calibration scores >= s}) / (n + 1).
  marginal,
  /// With the stated confidence the calibration set at hand is one for which P(p <= t) <= t holds for every t, for
  /// all rows to come. Larger p-values; Simes' bounds with k = n / 2 (Bates, Candes, Lei, Romano, Sesia: Testing for
  /// Outliers with Conformal p-values, Annals of Statistics 51, 2023, arXiv:2104.08279).
  conditional
};

class ConformalPValues {
 public:
  /// Scores of ID rows that the detector did not learn from; equal ones count as at least as unusual, so ties
  /// make p-values larger. Error without a row, for NaN, and for a confidence outside (0, 1).
  ConformalPValues(std::vector<float> scores, Validity validity, double confidence = 0.95);

  /// In (0, 1]. O(log n).
  double operator()(double score) const;
  /// The number that a marginal p-value of j / (n + 1) becomes, j = 1 .. n + 1.
  const std::vector<double>& values() const { return values_; }
  /// Ascending.
  const std::vector<float>& scores() const { return scores_; }

 private:
  std::vector<float> scores_;
  std::vector<double> values_;
};

/// Simes' bounds: with probability `confidence` the j-th smallest of n uniform numbers is at most b_j for all j. b_j,
/// j = 1 .. n, ascending.
std::vector<double> simes_bounds(std::size_t n, double confidence);

/// Which of these tests are rejected (rows that are flagged) so that the expected share of false ones among them is at most
/// `rate`: Benjamini and Hochberg (Journal of the Royal Statistical Society B 57, 1995). With conformal p-values of one
/// calibration set, which depend on each other, it holds as well (Bates et al. 2023). Error unless 0 < rate < 1.
std::vector<bool> false_discovery_rate(std::span<const double> p_values, double rate);

}  // namespace nescio::calibration
