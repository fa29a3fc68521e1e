// Which of some ways to the same result is the fastest, found while they are used.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace nescio::math {

/// Tries each way, then goes the fastest; the others have a turn again after 8, 16, 32 .. uses, so
/// that neither a slow moment nor other data than those of the beginning decide for good.
class FastestWay {
 public:
  explicit FastestWay(std::size_t ways) : seconds_(ways, unknown) {}

  std::size_t ways() const { return seconds_.size(); }

  /// The way to go now.
  std::size_t next() {
    const std::size_t use = uses_++;
    if (use < ways()) return use;
    if (use < next_trial_) return fastest();
    const std::size_t way = (use - next_trial_) % ways();
    if (way + 1 == ways()) next_trial_ = 2 * next_trial_;
    return way;
  }

  /// Of those that were tried; else the first.
  std::size_t fastest() const {
    return static_cast<std::size_t>(std::ranges::min_element(seconds_) - seconds_.begin());
  }

  /// What is faster than was known counts whole, what is slower half: nothing is fast by chance.
  void took(std::size_t way, double seconds) {
    double& known = seconds_[way];
    known = std::min(seconds, (known + seconds) / 2);
  }

 private:
  static constexpr double unknown = std::numeric_limits<double>::infinity();

  std::vector<double> seconds_;
  std::size_t uses_ = 0, next_trial_ = 8;
};

}  // namespace nescio::math
