// Percentile bootstrap intervals of anything that is read from rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "metrics/answers.h"
#include "metrics/bounds.h"
#include "metrics/ranking.h"

namespace nescio::metrics {

struct BootstrapOptions {
  std::size_t resamples = 1000;
  std::uint64_t seed = 0;
  double confidence = 0.95;
};

template <class Rows>
using StatisticsOf = std::vector<std::function<double(const Rows&)>>;

/// The value of each statistic in each resample, [statistic][resample].
using Resampled = std::vector<std::vector<double>>;

/// Of each ranking: ID and OOD rows are drawn with replacement by their number, each side as many as
/// it has, and all statistics are read from the same resamples. The rankings have the same ID rows,
/// which are drawn once for all of them; ood_numbers[i] is the number of the OOD rows of rankings[i]:
/// equal numbers draw equally, different ones independently. So the differences between values of
/// scores of the same rows, resample by resample, are a paired bootstrap, whichever call drew them.
/// A pure function of its arguments, whatever the thread count. O(resamples * rows), without sorting.
/// Error unless resamples >= 1, and if the rankings have not as many ID rows.
std::vector<Resampled> bootstrap(std::span<const RowRanking* const> rankings,
                                 std::span<const std::size_t> ood_numbers,
                                 const StatisticsOf<Ranking>& statistics,
                                 const BootstrapOptions& options);

/// Of the answers to the ID rows: the same rows are drawn as for rankings. O(resamples * rows).
Resampled bootstrap(const Answers& answers, const StatisticsOf<Answers>& statistics,
                    const BootstrapOptions& options);

/// The percentile interval of values in resamples (Efron and Tibshirani, An Introduction to the
/// Bootstrap, 1993, chapter 13). Error unless 0 < confidence < 1.
Bounds percentile_interval(std::span<const double> values, double confidence);

}  // namespace nescio::metrics
