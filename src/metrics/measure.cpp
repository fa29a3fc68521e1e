#include "metrics/measure.h"

#include <numeric>
#include <utility>

#include "base/error.h"

namespace nescio::metrics {
namespace {

/// The metrics for which take(metric) holds.
template <class Take>
ChosenMetrics filtered(const ChosenMetrics& metrics, const Take& take) {
  ChosenMetrics out;
  for (const Metric* metric : metrics) {
    if (take(*metric)) out.push_back(metric);
  }
  return out;
}

bool needed(const ChosenMetrics& metrics, bool Metric::*need) {
  for (const Metric* metric : metrics) {
    if (metric->*need) return true;
  }
  return false;
}

/// Puts the values of the metrics that were resampled at their places among all of them.
std::vector<std::vector<double>> at_their_places(Resampled values,
                                                 const std::vector<std::size_t>& places,
                                                 std::size_t metrics) {
  std::vector<std::vector<double>> out(metrics);
  for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = std::move(values[i]);
  return out;
}

IntervalOptions options_of_rows(IntervalOptions options, std::size_t id_number) {
  options.seed += id_number;  // other ID rows are drawn on their own
  return options;
}

template <class Term>
std::optional<Bounds> percentiles(std::span<const Term> terms, std::size_t metric,
                                  double confidence) {
  std::vector<double> sums;
  for (const Term& term : terms) {
    const std::vector<double>& values = term.of->resampled[metric];
    if (values.empty()) return std::nullopt;
    sums.resize(values.size());
    for (std::size_t r = 0; r < values.size(); ++r) sums[r] += term.weight * values[r];
  }
  return percentile_interval(sums, confidence);
}

/// The weighted sum of each metric; bounds(m) gives its interval.
template <class Term, class BoundsOf>
std::vector<Measurement> weighted_sums(std::span<const Term> terms, const BoundsOf& bounds) {
  std::vector<Measurement> out;
  if (terms.empty()) return out;
  for (const Term& term : terms) {
    if (term.of->metrics == terms[0].of->metrics) continue;
    fail(
        "[metrics] contrast: expected terms that were measured by the same metrics; what some rows "
        "do not allow must be left out of all");
  }
  for (std::size_t m = 0; m < terms[0].of->metrics.size(); ++m) {
    Measurement sum{terms[0].of->metrics[m], 0, bounds(m)};
    for (const Term& term : terms) sum.value += term.weight * term.of->values[m];
    out.push_back(sum);
  }
  return out;
}

}  // namespace

std::vector<MeasuredRows> measure_rows(std::vector<RowRanking> rankings, std::size_t id_number,
                                       std::span<const std::size_t> ood_numbers,
                                       const IntervalOptions& options,
                                       const ChosenMetrics& metrics) {
  bool answered = true;
  for (const RowRanking& rows : rankings) answered = answered && !rows.right.empty();
  const ChosenMetrics chosen = filtered(metrics, [&](const Metric& metric) {
    return metric.of_ranking && (answered || !metric.needs_answers);
  });
  StatisticsOf<Ranking> statistics;
  std::vector<std::size_t> places;
  for (std::size_t m = 0; m < chosen.size(); ++m) {
    if (chosen[m]->ranking_interval) continue;
    statistics.push_back(chosen[m]->of_ranking);
    places.push_back(m);
  }
  std::vector<MeasuredRows> out;
  std::vector<const RowRanking*> pointers;
  out.reserve(rankings.size());
  for (std::size_t k = 0; k < rankings.size(); ++k) {
    out.push_back({std::move(rankings[k]), {id_number, ood_numbers[k]}, chosen, {}, {}});
    Ranking& ranking = out[k].rows.ranking;
    // What no metric reads need not be drawn again and again.
    if (!needed(chosen, &Metric::needs_answers)) ranking.right.clear();
    if (!needed(chosen, &Metric::needs_scores)) ranking.scores.clear();
    for (const Metric* metric : chosen) out[k].values.push_back(metric->of_ranking(ranking));
    out[k].resampled.resize(chosen.size());
    pointers.push_back(&out[k].rows);
  }
  if (options.resamples == 0 || statistics.empty()) return out;
  auto resampled =
      bootstrap(pointers, ood_numbers, statistics, options_of_rows(options, id_number));
  for (std::size_t k = 0; k < out.size(); ++k) {
    out[k].resampled = at_their_places(std::move(resampled[k]), places, chosen.size());
  }
  return out;
}

MeasuredRows measure_rows(RowRanking rows, RowNumbers numbers, const IntervalOptions& options,
                          const ChosenMetrics& metrics) {
  std::vector<RowRanking> one;
  one.push_back(std::move(rows));
  return std::move(
      measure_rows(std::move(one), numbers.id, std::span(&numbers.ood, 1), options, metrics)[0]);
}

std::vector<Measurement> contrast(std::span<const ContrastTerm> terms, double confidence) {
  std::vector<RankingTerm> rankings;
  for (const ContrastTerm& term : terms) {
    rankings.push_back({&term.of->rows, term.of->numbers, term.weight});
  }
  return weighted_sums(terms, [&](std::size_t m) {
    const Metric& metric = *terms[0].of->metrics[m];
    return metric.ranking_interval ? metric.ranking_interval(rankings, confidence)
                                   : percentiles(terms, m, confidence);
  });
}

SetMeasurements measure(std::vector<RowRanking> rankings, const IntervalOptions& options,
                        const ChosenMetrics& metrics) {
  std::vector<std::size_t> numbers(rankings.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto measured = measure_rows(std::move(rankings), 0, numbers, options, metrics);
  SetMeasurements out;
  std::vector<ContrastTerm> all;
  for (const MeasuredRows& rows : measured) {
    const ContrastTerm alone{&rows, 1};
    out.sets.push_back(contrast(std::span(&alone, 1), options.confidence));
    all.push_back({&rows, 1 / static_cast<double>(measured.size())});
  }
  out.mean = contrast(all, options.confidence);
  return out;
}

std::vector<Measurement> measure(RowRanking rows, const IntervalOptions& options,
                                 const ChosenMetrics& metrics) {
  const MeasuredRows measured = measure_rows(std::move(rows), {}, options, metrics);
  const ContrastTerm alone{&measured, 1};
  return contrast(std::span(&alone, 1), options.confidence);
}

MeasuredAnswers measure_answers(Answers answers, std::size_t number, const IntervalOptions& options,
                                const ChosenMetrics& metrics) {
  MeasuredAnswers out{.answers = std::move(answers), .number = number};
  out.metrics = filtered(metrics, [&](const Metric& metric) {
    return metric.of_answers && can_measure(metric, out.answers);
  });
  StatisticsOf<Answers> statistics;
  std::vector<std::size_t> places;
  for (std::size_t m = 0; m < out.metrics.size(); ++m) {
    out.values.push_back(out.metrics[m]->of_answers(out.answers));
    if (out.metrics[m]->answers_contrast) continue;
    statistics.push_back(out.metrics[m]->of_answers);
    places.push_back(m);
  }
  out.resampled.resize(out.metrics.size());
  if (options.resamples == 0 || statistics.empty()) return out;
  out.resampled =
      at_their_places(bootstrap(out.answers, statistics, options_of_rows(options, number)), places,
                      out.metrics.size());
  return out;
}

std::vector<Measurement> contrast(std::span<const AnswersContrastTerm> terms, double confidence) {
  std::vector<AnswersTerm> answers;
  for (const AnswersContrastTerm& term : terms) {
    answers.push_back({&term.of->answers, term.of->number, term.weight});
  }
  return weighted_sums(terms, [&](std::size_t m) {
    const Metric& metric = *terms[0].of->metrics[m];
    return metric.answers_contrast ? metric.answers_contrast(answers, confidence)
                                   : percentiles(terms, m, confidence);
  });
}

std::vector<Measurement> measure(Answers answers, const IntervalOptions& options,
                                 const ChosenMetrics& metrics) {
  const MeasuredAnswers measured = measure_answers(std::move(answers), 0, options, metrics);
  const AnswersContrastTerm alone{&measured, 1};
  auto out = contrast(std::span(&alone, 1), options.confidence);
  for (Measurement& m : out) {
    if (m.metric->answers_interval) {
      m.bounds = m.metric->answers_interval(measured.answers, options.confidence);
    }
  }
  return out;
}

}  // namespace nescio::metrics
