// Values of rows, added row by row, and the variance of their mean.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace nescio::metrics {

/// Sums over the same rows keep what their terms have in common; rows under another number are
/// independent of them.
class RowSums {
 public:
  /// Adds weight * values[r] to row r of the rows with this number. Error if there are not as many
  /// as before.
  void add(std::size_t number, double weight, std::span<const double> values);
  /// The variance of the mean of the rows' sums, s^2 / n, of all numbers together; none where a
  /// number has fewer than two rows.
  std::optional<double> variance_of_means() const;

 private:
  std::map<std::size_t, std::vector<double>> sums_;  // by number
};

}  // namespace nescio::metrics
