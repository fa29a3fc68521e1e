// Percentile bootstrap intervals of anything that is read from a ranking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "metrics/proportion.h"
#include "metrics/ranking.h"

namespace nescio {

struct BootstrapOptions {
  std::size_t resamples = 1000;
  std::uint64_t seed = 0;
  double confidence = 0.95;
};

/// The percentile interval of each statistic (Efron and Tibshirani, An Introduction to the
/// Bootstrap, 1993, chapter 13): ID and OOD rows are drawn with replacement, each side as many as
/// it has, and all statistics are read from the same resamples. A pure function of ranking and
/// options, whatever the thread count. O(resamples * rows), without sorting.
/// Throws Error unless resamples >= 1 and 0 < confidence < 1.
std::vector<Bounds> bootstrap_intervals(
    const Ranking& ranking, std::span<const std::function<double(const Ranking&)>> statistics,
    const BootstrapOptions& options);

}  // namespace nescio
