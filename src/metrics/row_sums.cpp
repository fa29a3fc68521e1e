#include "metrics/row_sums.h"

#include <numeric>

#include "base/error.h"

namespace nescio::metrics {

void RowSums::add(std::size_t number, double weight, std::span<const double> values) {
  std::vector<double>& sums = sums_.try_emplace(number, values.size()).first->second;
  if (sums.size() != values.size()) {
    fail("[metrics] expected the same rows under every score, found ", sums.size(), " and ",
         values.size());
  }
  for (std::size_t r = 0; r < values.size(); ++r) sums[r] += weight * values[r];
}

std::optional<double> RowSums::variance_of_means() const {
  double variance = 0;
  for (const auto& [number, sums] : sums_) {
    if (sums.size() < 2) return std::nullopt;
    const auto rows = static_cast<double>(sums.size());
    const double mean = std::accumulate(sums.begin(), sums.end(), 0.0) / rows;
    double squares = 0;
    for (const double sum : sums) squares += (sum - mean) * (sum - mean);
    variance += squares / (rows - 1) / rows;
  }
  return variance;
}

}  // namespace nescio::metrics
