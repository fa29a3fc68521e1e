#include "statistics/quantile_guess.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nescio::statistics {
namespace {

/// The standard deviation over rows of the share of their values for which below(value) holds.
template <class Below>
double spread_of_shares(const MatrixView& rows, const Below& below) {
  double sum = 0, squares = 0;
  for (std::size_t r = 0; r < rows.rows; ++r) {
    const float* row = rows.row(r);
    const auto count = std::count_if(row, row + rows.cols, below);
    const double share = static_cast<double>(count) / static_cast<double>(rows.cols);
    sum += share;
    squares += share * share;
  }
  const auto n = static_cast<double>(rows.rows);
  return std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n)));
}

}  // namespace

std::vector<math::Interval> likely_quantiles(const MatrixView& some, const std::vector<double>& q) {
  std::vector<float> values;
  for (std::size_t r = 0; r < some.rows; ++r) {
    values.insert(values.end(), some.row(r), some.row(r) + some.cols);
  }
  const auto value_at = [&](double share) {
    const double rank = std::floor(share * static_cast<double>(values.size() - 1));
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank);
    std::nth_element(values.begin(), at, values.end());
    return *at;
  };
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr double errors = 4;
  const auto n = static_cast<double>(some.rows);
  std::vector<math::Interval> out;
  for (const double p : q) {
    const float middle = value_at(p);
    const double spread = std::max(spread_of_shares(some, [=](float v) { return v < middle; }),
                                   spread_of_shares(some, [=](float v) { return v <= middle; }));
    // Two values more: ranks are whole numbers.
    const double margin = errors * spread / std::sqrt(n) + 2 / static_cast<double>(values.size());
    out.push_back({.low = p > margin ? value_at(p - margin) : -infinity,
                   .high = p + margin < 1 ? value_at(p + margin) : infinity});
  }
  return out;
}

}  // namespace nescio::statistics
