#include "metrics/bootstrap.h"

#include <array>

#include "base/error.h"
#include "base/rng.h"
#include "base/threads.h"
#include "math/quantile.h"
#include "metrics/distributions.h"

namespace nescio::metrics {
namespace {

/// Calls take(row) for as many rows as there are, drawn with replacement. Side 0 are ID rows, 1 + n
/// the OOD rows with number n.
template <class Take>
void draw(const BootstrapOptions& options, std::size_t resample, std::size_t side,
          std::uint64_t rows, const Take& take) {
  Rng rng(options.seed, resample, side);
  for (std::uint64_t i = 0; i < rows; ++i) {
    // The upper 32 of 64 random bits times rows < 2^32: off by less than 2^-32 from uniform.
    take(((rng.next() >> 32) * rows) >> 32);
  }
}

/// How often each row was drawn.
using Draws = std::vector<std::uint32_t>;

void count_draws(const BootstrapOptions& options, std::size_t resample, std::size_t side,
                 std::size_t rows, Draws& draws) {
  draws.assign(rows, 0);
  draw(options, resample, side, rows, [&](std::uint64_t row) { ++draws[row]; });
}

/// A score that no drawn row has is no threshold. Without a branch, which no processor could
/// foresee.
void drop_empty(Ranking& drawn) {
  std::size_t kept = 0;
  const bool right = !drawn.right.empty();
  const bool scores = !drawn.scores.empty();
  for (std::size_t s = 0; s < drawn.steps.size(); ++s) {
    const Step step = drawn.steps[s];
    drawn.steps[kept] = step;
    if (right) drawn.right[kept] = drawn.right[s];
    if (scores) drawn.scores[kept] = drawn.scores[s];
    kept += (step.id | step.ood) != 0;
  }
  drawn.steps.resize(kept);
  if (right) drawn.right.resize(kept);
  if (scores) drawn.scores.resize(kept);
}

void resample_ranking(const RowRanking& rows, const Draws& id, const Draws& ood, Ranking& drawn) {
  drawn.id_count = rows.ranking.id_count;
  drawn.ood_count = rows.ranking.ood_count;
  drawn.steps.assign(rows.ranking.steps.size(), {});
  drawn.right.assign(rows.ranking.right.size(), 0);
  drawn.scores = rows.ranking.scores;
  for (std::size_t r = 0; r < id.size(); ++r) drawn.steps[rows.id[r]].id += id[r];
  for (std::size_t r = 0; r < ood.size(); ++r) drawn.steps[rows.ood[r]].ood += ood[r];
  if (!drawn.right.empty()) {
    for (std::size_t r = 0; r < id.size(); ++r) drawn.right[rows.id[r]] += id[r] * rows.right[r];
  }
  drop_empty(drawn);
}

void require_resamples(const BootstrapOptions& options) {
  if (options.resamples < 1) fail("[metrics] bootstrap: expected at least 1 resample, found 0");
}

Resampled empty_values(std::size_t statistics, const BootstrapOptions& options) {
  return Resampled(statistics, std::vector<double>(options.resamples));
}

}  // namespace

std::vector<Resampled> bootstrap(std::span<const RowRanking* const> rankings,
                                 std::span<const std::size_t> ood_numbers,
                                 const StatisticsOf<Ranking>& statistics,
                                 const BootstrapOptions& options) {
  require_resamples(options);
  for (const RowRanking* rows : rankings) {
    if (rows->id.size() == rankings[0]->id.size()) continue;
    fail("[metrics] bootstrap: expected the same ID rows in every ranking, found ",
         rankings[0]->id.size(), " and ", rows->id.size());
  }
  std::vector<Resampled> values(rankings.size(), empty_values(statistics.size(), options));
  if (rankings.empty()) return values;
  struct Workspace {
    Draws id, ood;
    Ranking drawn;
  };
  std::vector<Workspace> workspaces(static_cast<std::size_t>(thread_count()));
  parallel_for_threads(options.resamples, [&](std::size_t resample, int thread) {
    auto& [id, ood, drawn] = workspaces[static_cast<std::size_t>(thread)];
    count_draws(options, resample, 0, rankings[0]->id.size(), id);
    for (std::size_t k = 0; k < rankings.size(); ++k) {
      count_draws(options, resample, 1 + ood_numbers[k], rankings[k]->ood.size(), ood);
      resample_ranking(*rankings[k], id, ood, drawn);
      for (std::size_t s = 0; s < statistics.size(); ++s) {
        values[k][s][resample] = statistics[s](drawn);
      }
    }
  });
  return values;
}

Resampled bootstrap(const Answers& answers, const StatisticsOf<Answers>& statistics,
                    const BootstrapOptions& options) {
  require_resamples(options);
  Resampled values = empty_values(statistics.size(), options);
  parallel_for(options.resamples, [&](std::size_t resample) {
    Answers drawn{.right = {},
                  .confidence = {},
                  .probabilities = answers.probabilities,
                  .labels = answers.labels};
    draw(options, resample, 0, answers.right.size(), [&](std::uint64_t row) {
      drawn.right.push_back(answers.right[row]);
      if (!answers.confidence.empty()) drawn.confidence.push_back(answers.confidence[row]);
      if (!answers.places.empty()) drawn.places.push_back(answers.places[row]);
    });
    for (std::size_t s = 0; s < statistics.size(); ++s) values[s][resample] = statistics[s](drawn);
  });
  return values;
}

Bounds percentile_interval(std::span<const double> values, double confidence) {
  require_confidence(confidence);
  const std::array tails = {(1 - confidence) / 2, (1 + confidence) / 2};
  const math::DoubleChunks chunks = [&](const auto& visit) { visit(values); };
  const auto ends = math::quantiles(chunks, tails);
  return {ends[0], ends[1]};
}

}  // namespace nescio::metrics
