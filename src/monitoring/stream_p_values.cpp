#include "monitoring/stream_p_values.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"

namespace nescio::monitoring {
namespace {

// What a random number is for, beside the row that it belongs to.
enum Draw : std::uint64_t { calibration_order, stream_order, place_in_gap };

void require_finite(float score, const char* of, std::uint64_t row) {
  if (!std::isfinite(score)) {
    fail("expected finite scores, found ", score, " in row ", row, " of the ", of);
  }
}

}  // namespace

StreamPValues::StreamPValues(std::span<const float> calibration, std::uint64_t seed)
    : seed_(seed), gaps_(calibration.size() + 1), sums_(gaps_.size() + 1) {
  if (calibration.empty()) fail("monitoring wants at least one calibration score, found none");
  for (std::size_t i = 0; i < calibration.size(); ++i) {
    require_finite(calibration[i], "calibration", i);
    bounds_.emplace_back(calibration[i], mix(seed, calibration_order, i));
  }
  std::ranges::sort(bounds_);
}

double StreamPValues::next(float score) {
  require_finite(score, "stream", rows_);
  const std::pair key(score, mix(seed_, stream_order, rows_));
  const auto gap =
      static_cast<std::size_t>(std::ranges::lower_bound(bounds_, key) - bounds_.begin());
  // Every gap counts once more than the rows in it.
  const auto total = static_cast<double>(gaps_.size() + rows_);
  const auto here = static_cast<double>(gaps_[gap] + 1);
  const auto below = static_cast<double>(before(gap) + gap);
  const double place = (static_cast<double>(mix(seed_, place_in_gap, rows_) >> 11) + 0.5) * 0x1p-53;
  add(gap, 1);
  ++rows_;
  return (total - below - here + place * here) / total;
}

void StreamPValues::restore(std::vector<std::uint64_t> gaps) {
  if (gaps.size() != gaps_.size()) {
    fail("expected rows of ", gaps_.size(), " gaps, found ", gaps.size());
  }
  std::ranges::fill(gaps_, 0);
  std::ranges::fill(sums_, 0);
  for (std::size_t g = 0; g < gaps.size(); ++g) {
    if (gaps[g] > 0) add(g, gaps[g]);
  }
  rows_ = std::accumulate(gaps.begin(), gaps.end(), std::uint64_t{0});
}

void StreamPValues::add(std::size_t gap, std::uint64_t count) {
  gaps_[gap] += count;
  for (std::size_t i = gap + 1; i < sums_.size(); i += i & -i) sums_[i] += count;
}

std::uint64_t StreamPValues::before(std::size_t gap) const {
  std::uint64_t sum = 0;
  for (std::size_t i = gap; i > 0; i -= i & -i) sum += sums_[i];
  return sum;
}

}  // namespace nescio::monitoring
