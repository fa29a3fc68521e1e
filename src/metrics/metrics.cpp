#include "metrics/metrics.h"

#include <string_view>

#include "base/error.h"
#include "metrics/curves.h"
#include "metrics/delong.h"

namespace nescio {
namespace {

constexpr const char* every_score = "every distinct score is one threshold";
constexpr const char* resampled = "percentile bootstrap, ID and OOD rows resampled separately";
constexpr const char* resampled_together =
    "percentile bootstrap, all scores read from the same resampled rows";

double aupr_in(const Ranking& ranking) { return average_precision(ranking, Positive::id); }
double aupr_out(const Ranking& ranking) { return average_precision(ranking, Positive::ood); }
double fpr95_id(const Ranking& ranking) { return fpr_at_tpr(ranking, 0.95, Positive::id); }
double fpr95_ood(const Ranking& ranking) { return fpr_at_tpr(ranking, 0.95, Positive::ood); }

}  // namespace

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> table = {
      {.name = "auroc",
       .definition = "Area under the ROC curve: the probability that an OOD row scores higher than "
                     "an ID row.",
       .positive = "",
       .ties = "a tied pair counts one half",
       .interval = "DeLong",
       .contrast = "DeLong, with the covariances of scores on the same rows",
       .of_ranking = auroc,
       .ranking_interval = [](std::span<const Ranking> rankings,
                              double confidence) { return delong_interval(rankings, confidence); },
       .contrast_interval = [](std::span<const RankingTerm> terms,
                               double confidence) { return delong_interval(terms, confidence); }},
      {.name = "aupr_in",
       .definition = "Area under the precision-recall curve of ID rows as average precision (step "
                     "sum); depends on the set sizes.",
       .positive = "ID",
       .ties = every_score,
       .interval = resampled,
       .contrast = resampled_together,
       .of_ranking = aupr_in},
      {.name = "aupr_out",
       .definition = "Area under the precision-recall curve of OOD rows as average precision (step "
                     "sum); depends on the set sizes.",
       .positive = "OOD",
       .ties = every_score,
       .interval = resampled,
       .contrast = resampled_together,
       .of_ranking = aupr_out},
      {.name = "fpr95_id",
       .definition = "Share of OOD rows accepted at the strictest threshold that keeps at least "
                     "95 % of the ID rows.",
       .positive = "ID",
       .ties = every_score,
       .interval = resampled,
       .contrast = resampled_together,
       .higher_is_better = false,
       .of_ranking = fpr95_id},
      {.name = "fpr95_ood",
       .definition = "Share of ID rows flagged at the strictest threshold that catches at least "
                     "95 % of the OOD rows.",
       .positive = "OOD",
       .ties = every_score,
       .interval = resampled,
       .contrast = resampled_together,
       .higher_is_better = false,
       .of_ranking = fpr95_ood},
      {.name = "id_accuracy",
       .definition = "Share of ID rows whose largest logit is that of their label.",
       .positive = "",
       .ties = "the first of equal logits is the prediction",
       .interval = "Wilson score",
       .contrast = "normal, from the weighted sum of each row's answers",
       .of_predictions = accuracy,
       .predictions_interval = wilson_interval},
  };
  return table;
}

const Metric& find_metric(std::string_view name) {
  std::vector<std::string> known;
  for (const Metric& metric : metrics()) {
    if (metric.name == name) return metric;
    known.push_back(metric.name);
  }
  fail("unknown metric '", name, "'.", suggest(name, known));
}

namespace {

using Values = std::vector<double>;  // of a metric, by resample

Measurement measure_set(const Metric& metric, const Ranking& ranking, double confidence) {
  Measurement out{&metric, metric.of_ranking(ranking), std::nullopt};
  if (metric.ranking_interval) {
    out.bounds = metric.ranking_interval(std::span(&ranking, 1), confidence);
  }
  return out;
}

/// Of the mean as far as it needs no resamples.
Measurement measure_mean(const Metric& metric, std::span<const Ranking> rankings,
                         double confidence) {
  Measurement out{&metric, 0, std::nullopt};
  for (const Ranking& ranking : rankings) out.value += metric.of_ranking(ranking);
  out.value /= static_cast<double>(rankings.size());
  if (metric.ranking_interval) out.bounds = metric.ranking_interval(rankings, confidence);
  return out;
}

/// Sets the bounds of those that have no interval of their own.
void set_bounds(std::vector<Measurement>& measured, const std::vector<Values>& values,
                double confidence) {
  auto next = values.begin();
  for (Measurement& m : measured) {
    if (!m.metric->ranking_interval) m.bounds = percentile_interval(*next++, confidence);
  }
}

}  // namespace

SetMeasurements measure(std::span<const Ranking> rankings, const IntervalOptions& options) {
  SetMeasurements out;
  out.sets.resize(rankings.size());
  std::vector<std::function<double(const Ranking&)>> statistics;
  for (const Metric& metric : metrics()) {
    if (!metric.of_ranking) continue;
    for (std::size_t s = 0; s < rankings.size(); ++s) {
      out.sets[s].push_back(measure_set(metric, rankings[s], options.confidence));
    }
    out.mean.push_back(measure_mean(metric, rankings, options.confidence));
    if (!metric.ranking_interval) statistics.push_back(metric.of_ranking);
  }
  if (options.resamples == 0) return out;
  std::vector<Values> means(statistics.size(), Values(options.resamples));
  for (std::size_t s = 0; s < rankings.size(); ++s) {
    const auto values = bootstrap(rankings[s], statistics, options, s);
    set_bounds(out.sets[s], values, options.confidence);
    for (std::size_t m = 0; m < means.size(); ++m) {
      for (std::size_t r = 0; r < options.resamples; ++r) {
        means[m][r] += values[m][r] / static_cast<double>(rankings.size());
      }
    }
  }
  set_bounds(out.mean, means, options.confidence);
  return out;
}

std::vector<Measurement> measure(const Ranking& ranking, const IntervalOptions& options) {
  return measure(std::span(&ranking, 1), options).sets.front();
}

std::vector<Measurement> measure(const Predictions& predictions, const IntervalOptions& options) {
  std::vector<Measurement> measured;
  for (const Metric& metric : metrics()) {
    if (!metric.of_predictions) continue;
    measured.push_back({&metric, metric.of_predictions(predictions),
                        metric.predictions_interval(predictions, options.confidence)});
  }
  return measured;
}

}  // namespace nescio
