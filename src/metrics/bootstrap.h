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

/// The value of each statistic in each resample, [statistic][resample]: ID and OOD rows are drawn
/// with replacement, each side as many as it has, and all statistics are read from the same
/// resamples. Rankings that share their ID rows share the ID rows that are drawn, whatever `set`;
/// the OOD rows of different sets are drawn independently. A pure function of its arguments,
/// whatever the thread count. O(resamples * rows), without sorting. Error unless resamples >= 1.
std::vector<std::vector<double>> bootstrap(
    const Ranking& ranking, std::span<const std::function<double(const Ranking&)>> statistics,
    const BootstrapOptions& options, std::size_t set = 0);

/// The same, drawing rows by their number: rankings of the same rows by other scores are read from
/// the same resampled rows (of OOD rows where `set` is equal, too), so differences between their
/// values, resample by resample, are a paired bootstrap.
std::vector<std::vector<double>> bootstrap(
    const RowRanking& rows, std::span<const std::function<double(const Ranking&)>> statistics,
    const BootstrapOptions& options, std::size_t set = 0);

/// The percentile interval of values in resamples (Efron and Tibshirani, An Introduction to the
/// Bootstrap, 1993, chapter 13). Error unless 0 < confidence < 1.
Bounds percentile_interval(std::span<const double> values, double confidence);

/// Both in one, for each statistic.
std::vector<Bounds> bootstrap_intervals(
    const Ranking& ranking, std::span<const std::function<double(const Ranking&)>> statistics,
    const BootstrapOptions& options);

}  // namespace nescio
