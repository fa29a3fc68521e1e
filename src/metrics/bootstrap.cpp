#include "metrics/bootstrap.h"

#include <algorithm>
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
                 std::span<std::uint32_t> draws) {
  std::ranges::fill(draws, 0);
  draw(options, resample, side, draws.size(), [&](std::uint64_t row) { ++draws[row]; });
}

/// A row of either side where it stands in the ranking.
struct Place {
  std::uint32_t row;
  std::uint8_t ood;   // 1 for an OOD row
  std::uint8_t last;  // 1 for the last one of its step
};

/// The rows from the lowest score to the highest one, so that a resample is written in one go.
std::vector<Place> in_order(const RowRanking& rows) {
  std::vector<Place> places(rows.id.size() + rows.ood.size());
  std::vector<std::size_t> next;  // place of each step
  next.reserve(rows.ranking.steps.size());
  std::size_t end = 0;
  for (const Step& step : rows.ranking.steps) {
    next.push_back(end);
    end += std::size_t{step.id} + step.ood;
  }
  const auto put = [&](const std::vector<std::uint32_t>& step_of, std::uint8_t ood) {
    for (std::uint32_t row = 0; row < step_of.size(); ++row) {
      places[next[step_of[row]]++] = {row, ood, 0};
    }
  };
  put(rows.id, 0);
  put(rows.ood, 1);
  for (const std::size_t behind : next) places[behind - 1].last = 1;
  return places;
}

/// The ranking of the rows that were drawn. A score that none of them has is no threshold. Without a
/// branch, which no processor could foresee. `draws` are those of the ID rows, then those of the OOD rows.
void resample_ranking(const RowRanking& rows, std::span<const Place> places, const Draws& draws,
                      Ranking& drawn) {
  const Ranking& all = rows.ranking;
  drawn.id_count = all.id_count;
  drawn.ood_count = all.ood_count;
  drawn.steps.resize(all.steps.size());
  drawn.right.resize(all.right.size());
  drawn.scores.resize(all.scores.size());
  Step* steps = drawn.steps.data();
  const std::size_t id_rows = rows.id.size();
  const bool answered = !all.right.empty();
  const bool scored = !all.scores.empty();
  std::size_t kept = 0;
  std::size_t step = 0;
  std::uint64_t here = 0;  // ID rows of the step in the lower half, OOD rows in the upper one
  std::uint32_t right = 0;
  for (const Place place : places) {
    const std::uint32_t count = draws[place.row + place.ood * id_rows];
    here += std::uint64_t{count} << (32 * place.ood);
    steps[kept] = {static_cast<std::uint32_t>(here), static_cast<std::uint32_t>(here >> 32)};
    if (answered) {
      right += place.ood != 0 ? 0 : count * rows.right[place.row];
      drawn.right[kept] = right;
    }
    if (scored) drawn.scores[kept] = all.scores[step];
    step += place.last;
    kept += (place.last != 0) & (here != 0);
    here = place.last != 0 ? 0 : here;
    right = place.last != 0 ? 0 : right;
  }
  drawn.steps.resize(kept);
  if (answered) drawn.right.resize(kept);
  if (scored) drawn.scores.resize(kept);
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
  std::vector<std::vector<Place>> places;
  for (const RowRanking* rows : rankings) places.push_back(in_order(*rows));
  const std::size_t id_rows = rankings[0]->id.size();
  struct Workspace {
    Draws draws;
    Ranking drawn;
  };
  std::vector<Workspace> workspaces(static_cast<std::size_t>(thread_count()));
  parallel_for_threads(options.resamples, [&](std::size_t resample, int thread) {
    auto& [draws, drawn] = workspaces[static_cast<std::size_t>(thread)];
    draws.resize(id_rows);
    count_draws(options, resample, 0, draws);
    for (std::size_t k = 0; k < rankings.size(); ++k) {
      draws.resize(id_rows + rankings[k]->ood.size());
      count_draws(options, resample, 1 + ood_numbers[k], std::span(draws).subspan(id_rows));
      resample_ranking(*rankings[k], places[k], draws, drawn);
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
