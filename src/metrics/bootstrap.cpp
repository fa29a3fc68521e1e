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
  // 32 random bits times rows < 2^32: off by less than 2^-32 from uniform. A random number has them twice.
  const auto row_of = [rows](std::uint64_t bits) { return (bits * rows) >> 32; };
  for (std::uint64_t i = 0; i + 2 <= rows; i += 2) {
    const std::uint64_t bits = rng.next();
    take(row_of(bits >> 32));
    take(row_of(bits & 0xffffffffu));
  }
  if (rows % 2 != 0) take(row_of(rng.next() >> 32));
}

/// How often each row was drawn: each is a step of its own, of the side that it is on.
using Draws = std::vector<Step>;

template <std::uint32_t Step::*count>
void count_draws(const BootstrapOptions& options, std::size_t resample, std::size_t side,
                 std::span<Step> draws) {
  std::ranges::fill(draws, Step{});
  draw(options, resample, side, draws.size(), [&](std::uint64_t row) { ++(draws[row].*count); });
}

/// The rows of both sides from the lowest score to the highest one, so that a resample is written in one go.
struct Places {
  std::vector<std::uint32_t> of;    // ID rows, behind them the OOD rows
  std::vector<std::uint8_t> last;   // 1 for the last one of its step
  std::vector<std::uint32_t> tied;  // first and end of each step of several rows
};

Places in_order(const RowRanking& rows) {
  Places places;
  places.of.resize(rows.id.size() + rows.ood.size());
  std::vector<std::uint32_t> next;  // place of each step
  next.reserve(rows.ranking.steps.size());
  std::uint32_t end = 0;
  for (const Step& step : rows.ranking.steps) {
    next.push_back(end);
    end += step.id + step.ood;
    if (end - next.back() > 1) places.tied.insert(places.tied.end(), {next.back(), end});
  }
  std::uint32_t number = 0;
  for (const auto* step_of : {&rows.id, &rows.ood}) {
    for (const std::uint32_t step : *step_of) places.of[next[step]++] = number++;
  }
  places.last.resize(places.of.size());
  for (const std::uint32_t behind : next) places.last[behind - 1] = 1;
  return places;
}

/// Writes resamples of one ranking. `draws` are those of the ID rows, then those of the OOD rows. A score that none of
/// the rows drawn has is no threshold. Without branches that no processor could foresee.
class Resampler {
 public:
  explicit Resampler(const RowRanking& rows) : rows_(rows), places_(in_order(rows)) {}

  void resample(const Draws& draws, Ranking& drawn) const {
    const Ranking& all = rows_.ranking;
    drawn.id_count = all.id_count;
    drawn.ood_count = all.ood_count;
    drawn.steps.resize(all.steps.size());
    drawn.right.resize(all.right.size());
    drawn.scores.resize(all.scores.size());
    // Where few scores are tied, the rows between them are steps by themselves.
    const bool few_ties = places_.tied.size() * 8 < places_.of.size();
    const bool steps_alone = all.right.empty() && all.scores.empty();
    const std::size_t kept =
        few_ties && steps_alone ? write_stretches(draws, drawn.steps) : write_rows(draws, drawn);
    drawn.steps.resize(kept);
    if (!all.right.empty()) drawn.right.resize(kept);
    if (!all.scores.empty()) drawn.scores.resize(kept);
  }

 private:
  Step drawn_at(std::size_t i, const Draws& draws) const { return draws[places_.of[i]]; }

  std::size_t write_stretches(const Draws& draws, std::vector<Step>& steps) const {
    std::size_t kept = 0, i = 0;
    const auto keep = [&](const Step& step) {
      steps[kept] = step;
      kept += (step.id | step.ood) != 0;
    };
    for (std::size_t t = 0; t <= places_.tied.size(); t += 2) {
      const bool more = t < places_.tied.size();
      const std::size_t stretch = more ? places_.tied[t] : places_.of.size();
      for (; i < stretch; ++i) keep(drawn_at(i, draws));
      if (!more) break;
      Step together;
      for (; i < places_.tied[t + 1]; ++i) {
        const Step one = drawn_at(i, draws);
        together.id += one.id;
        together.ood += one.ood;
      }
      keep(together);
    }
    return kept;
  }

  std::size_t write_rows(const Draws& draws, Ranking& drawn) const {
    const Ranking& all = rows_.ranking;
    const bool answered = !all.right.empty();
    const bool scored = !all.scores.empty();
    Step here;
    std::uint32_t right = 0;
    std::size_t kept = 0, step = 0;
    for (std::size_t i = 0; i < places_.of.size(); ++i) {
      const bool last = places_.last[i] != 0;
      const Step one = drawn_at(i, draws);
      here.id += one.id;
      here.ood += one.ood;
      drawn.steps[kept] = here;
      if (answered) {
        if (one.id != 0) right += one.id * rows_.right[places_.of[i]];
        drawn.right[kept] = right;
      }
      if (scored) drawn.scores[kept] = all.scores[step];
      step += last;
      kept += static_cast<std::size_t>(last) & static_cast<std::size_t>((here.id | here.ood) != 0);
      here = last ? Step{} : here;
      right = last ? 0 : right;
    }
    return kept;
  }

  const RowRanking& rows_;
  Places places_;
};

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
  for (const RowRanking* rows : rankings) {
    const std::size_t all = rows->id.size() + rows->ood.size();
    if (all >> 32 == 0) continue;
    fail("[metrics] bootstrap: expected fewer than 2^32 rows, found ", all,
         "; measure without intervals");
  }
  std::vector<Resampled> values(rankings.size(), empty_values(statistics.size(), options));
  if (rankings.empty()) return values;
  std::vector<Resampler> resamplers;
  std::size_t most_ood_rows = 0;
  for (const RowRanking* rows : rankings) {
    resamplers.emplace_back(*rows);
    most_ood_rows = std::max(most_ood_rows, rows->ood.size());
  }
  const std::size_t id_rows = rankings[0]->id.size();
  struct Workspace {
    Draws draws;
    Ranking drawn;
  };
  std::vector<Workspace> workspaces(static_cast<std::size_t>(thread_count()));
  parallel_for_threads(options.resamples, [&](std::size_t resample, int thread) {
    auto& [draws, drawn] = workspaces[static_cast<std::size_t>(thread)];
    draws.resize(id_rows + most_ood_rows);
    const std::span all(draws);
    count_draws<&Step::id>(options, resample, 0, all.first(id_rows));
    for (std::size_t k = 0; k < rankings.size(); ++k) {
      count_draws<&Step::ood>(options, resample, 1 + ood_numbers[k],
                              all.subspan(id_rows, rankings[k]->ood.size()));
      resamplers[k].resample(draws, drawn);
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
      if (!answers.log_likelihood.empty()) {
        drawn.log_likelihood.push_back(answers.log_likelihood[row]);
      }
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
