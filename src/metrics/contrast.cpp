#include "metrics/contrast.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "metrics/row_sums.h"

namespace nescio {
namespace {

std::vector<const Metric*> metrics_of_separation() {
  std::vector<const Metric*> out;
  for (const Metric& metric : metrics()) {
    if (metric.of_ranking) out.push_back(&metric);
  }
  return out;
}

std::optional<Bounds> percentiles(std::span<const ContrastTerm> terms, std::size_t metric,
                                  double confidence) {
  std::vector<double> sums;
  for (const ContrastTerm& term : terms) {
    const std::vector<double>& values = term.of->resampled[metric];
    if (values.empty()) return std::nullopt;
    sums.resize(values.size());
    for (std::size_t r = 0; r < values.size(); ++r) sums[r] += term.weight * values[r];
  }
  return percentile_interval(sums, confidence);
}

}  // namespace

MeasuredRows measure_rows(RowRanking rows, RowNumbers numbers, const IntervalOptions& options) {
  MeasuredRows out{.rows = std::move(rows), .numbers = numbers, .values = {}, .resampled = {}};
  std::vector<std::function<double(const Ranking&)>> statistics;
  for (const Metric* metric : metrics_of_separation()) {
    out.values.push_back(metric->of_ranking(out.rows.ranking));
    if (!metric->contrast_interval) statistics.push_back(metric->of_ranking);
  }
  out.resampled.resize(out.values.size());
  if (options.resamples == 0) return out;
  BootstrapOptions of_these = options;
  of_these.seed += numbers.id;  // other ID rows are drawn on their own
  auto resampled = bootstrap(out.rows, statistics, of_these, numbers.ood);
  auto next = resampled.begin();
  for (std::size_t m = 0; m < out.values.size(); ++m) {
    if (!metrics_of_separation()[m]->contrast_interval) out.resampled[m] = std::move(*next++);
  }
  return out;
}

std::vector<Measurement> contrast(std::span<const ContrastTerm> terms, double confidence) {
  std::vector<RankingTerm> rankings;
  for (const ContrastTerm& term : terms) {
    rankings.push_back({&term.of->rows, term.of->numbers, term.weight});
  }
  std::vector<Measurement> out;
  for (const Metric* metric : metrics_of_separation()) {
    const std::size_t m = out.size();
    out.push_back({metric, 0, std::nullopt});
    for (const ContrastTerm& term : terms) out[m].value += term.weight * term.of->values[m];
    out[m].bounds = metric->contrast_interval ? metric->contrast_interval(rankings, confidence)
                                              : percentiles(terms, m, confidence);
  }
  return out;
}

Measurement contrast(std::span<const AnswerTerm> terms, double confidence) {
  Measurement out{&find_metric("id_accuracy"), 0, std::nullopt};
  RowSums sums;
  Bounds possible;
  for (const AnswerTerm& term : terms) {
    const std::vector<double> right(term.right.begin(), term.right.end());
    const double correct = std::accumulate(right.begin(), right.end(), 0.0);
    out.value += term.weight * (correct / static_cast<double>(right.size()));
    sums.add(term.id_rows, term.weight, right);
    (term.weight < 0 ? possible.lower : possible.upper) += term.weight;
  }
  if (const auto variance = sums.variance_of_means()) {
    const double half = normal_z(confidence) * std::sqrt(*variance);
    out.bounds = Bounds{std::max(possible.lower, out.value - half),
                        std::min(possible.upper, out.value + half)};
  }
  return out;
}

}  // namespace nescio
