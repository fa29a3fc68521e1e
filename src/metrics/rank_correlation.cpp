#include "metrics/rank_correlation.h"

#include <cmath>

#include "base/error.h"
#include "metrics/ranking.h"

namespace nescio::metrics {
namespace {

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

std::vector<double> mid_ranks(const Array& scores) {
  const SortedRows sorted = sort_rows(scores, "scores");
  const std::size_t n = sorted.rows.size();
  std::vector<double> out(n);
  for (std::size_t first = 0, end = 0; first < n; first = end) {
    while (end < n && sorted.scores[end] == sorted.scores[first]) ++end;
    const double shared = static_cast<double>(first + 1 + end) / 2;
    for (std::size_t i = first; i < end; ++i) out[sorted.rows[i]] = shared;
  }
  return out;
}

double correlation(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size())
    fail("expected as many values on both sides, found ", a.size(), " and ", b.size());
  if (a.empty()) return 0;
  const double mean_a = mean_of(a), mean_b = mean_of(b);
  double both = 0, of_a = 0, of_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double da = a[i] - mean_a, db = b[i] - mean_b;
    both += da * db;
    of_a += da * da;
    of_b += db * db;
  }
  return of_a == 0 || of_b == 0 ? 0 : both / std::sqrt(of_a * of_b);
}

}  // namespace nescio::metrics
