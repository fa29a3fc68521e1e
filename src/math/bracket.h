// Which of many values lie within an interval (Highway, dispatched at run time): what finds their quantiles in one pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nescio::math {

/// From low to high, low <= high; infinite ends are fine.
struct Interval {
  float low, high;
};

/// How many values lie below the ends of an interval, or there; of both, and inside.
struct CountedValues {
  std::uint64_t below_low, up_to_low, below_high, up_to_high;
  std::size_t inside;
  bool nan;
};

/// Counts the values below an interval and at its ends and keeps those inside, in any order, as long as these are at most
/// `most`. -0 equals 0.
struct Bracket {
  Interval interval;
  std::size_t most;
  std::uint64_t below = 0, at_low = 0;
  std::uint64_t at_high = 0;  // 0 where both ends are the same
  std::vector<float> inside = {};
  bool too_many = false;  // to be kept: then nothing else holds

  /// False if a value is NaN: then nothing else holds.
  bool add(std::span<const float> values);
  /// Adds what another one has seen of the same interval.
  void add(const Bracket& other);
  /// Whether the value of this rank, from 0, among all that were added is at one of the ends or between.
  bool has(std::uint64_t rank) const;
  /// That value; has(rank). Reorders `inside`. O(inside).
  float value(std::uint64_t rank);
};

}  // namespace nescio::math
