#include "metrics/bootstrap.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/rng.h"
#include "base/threads.h"
#include "math/quantile.h"

namespace nescio {
namespace {

/// The step of every row of one side, rows in ascending order of their scores.
std::vector<std::uint32_t> step_of_rows(const Ranking& ranking, std::uint32_t Step::*side) {
  std::vector<std::uint32_t> steps;
  for (std::size_t s = 0; s < ranking.steps.size(); ++s) {
    steps.insert(steps.end(), ranking.steps[s].*side, static_cast<std::uint32_t>(s));
  }
  return steps;
}

/// Draws rows.size() rows with replacement and counts them at their steps.
void draw(Rng rng, const std::vector<std::uint32_t>& rows, std::uint32_t Step::*side,
          std::vector<Step>& steps) {
  const std::uint64_t count = rows.size();
  for (std::uint64_t i = 0; i < count; ++i) {
    // The upper 32 of 64 random bits times count < 2^32: off by less than 2^-32 from uniform.
    const std::uint64_t row = ((rng.next() >> 32) * count) >> 32;
    ++(steps[rows[row]].*side);
  }
}

/// A score that no drawn row has is no threshold. Without a branch, which no processor could
/// foresee.
void drop_empty(std::vector<Step>& steps) {
  std::size_t kept = 0;
  for (const Step step : steps) {
    steps[kept] = step;
    kept += (step.id | step.ood) != 0;
  }
  steps.resize(kept);
}

}  // namespace

std::vector<std::vector<double>> bootstrap(
    const Ranking& ranking, std::span<const std::function<double(const Ranking&)>> statistics,
    const BootstrapOptions& options, std::size_t set) {
  return bootstrap(
      RowRanking{ranking, step_of_rows(ranking, &Step::id), step_of_rows(ranking, &Step::ood)},
      statistics, options, set);
}

std::vector<std::vector<double>> bootstrap(
    const RowRanking& rows, std::span<const std::function<double(const Ranking&)>> statistics,
    const BootstrapOptions& options, std::size_t set) {
  const Ranking& ranking = rows.ranking;
  if (options.resamples < 1) fail("[metrics] bootstrap: expected at least 1 resample, found 0");
  std::vector<std::vector<double>> values(statistics.size(),
                                          std::vector<double>(options.resamples));
  std::vector<Ranking> workspaces(static_cast<std::size_t>(thread_count()));
  parallel_for_threads(options.resamples, [&](std::size_t resample, int thread) {
    Ranking& drawn = workspaces[static_cast<std::size_t>(thread)];
    drawn.id_count = ranking.id_count;
    drawn.ood_count = ranking.ood_count;
    drawn.steps.assign(ranking.steps.size(), {});
    draw(Rng(options.seed, resample, 0), rows.id, &Step::id, drawn.steps);
    draw(Rng(options.seed, resample, 1 + set), rows.ood, &Step::ood, drawn.steps);
    drop_empty(drawn.steps);
    for (std::size_t s = 0; s < statistics.size(); ++s) values[s][resample] = statistics[s](drawn);
  });
  return values;
}

Bounds percentile_interval(std::span<const double> values, double confidence) {
  if (!(confidence > 0 && confidence < 1)) {
    fail("[metrics] confidence: expected a number between 0 and 1, found ", confidence);
  }
  const std::array tails = {(1 - confidence) / 2, (1 + confidence) / 2};
  const math::DoubleChunks chunks = [&](const auto& visit) { visit(values); };
  const auto ends = math::quantiles(chunks, tails);
  return {ends[0], ends[1]};
}

std::vector<Bounds> bootstrap_intervals(
    const Ranking& ranking, std::span<const std::function<double(const Ranking&)>> statistics,
    const BootstrapOptions& options) {
  std::vector<Bounds> bounds;
  for (const auto& values : bootstrap(ranking, statistics, options)) {
    bounds.push_back(percentile_interval(values, options.confidence));
  }
  return bounds;
}

}  // namespace nescio
