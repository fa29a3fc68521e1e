#include "metrics/metrics.h"

#include <string_view>

#include "base/error.h"
#include "metrics/curves.h"
#include "metrics/delong.h"

namespace nescio {
namespace {

constexpr const char* every_score = "every distinct score is one threshold";
constexpr const char* bootstrap = "percentile bootstrap, ID and OOD rows resampled separately";

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
       .of_ranking = auroc,
       .ranking_interval = delong_interval},
      {.name = "aupr_in",
       .definition = "Area under the precision-recall curve of ID rows as average precision (step "
                     "sum); depends on the set sizes.",
       .positive = "ID",
       .ties = every_score,
       .interval = bootstrap,
       .of_ranking = aupr_in},
      {.name = "aupr_out",
       .definition = "Area under the precision-recall curve of OOD rows as average precision (step "
                     "sum); depends on the set sizes.",
       .positive = "OOD",
       .ties = every_score,
       .interval = bootstrap,
       .of_ranking = aupr_out},
      {.name = "fpr95_id",
       .definition = "Share of OOD rows accepted at the strictest threshold that keeps at least "
                     "95 % of the ID rows.",
       .positive = "ID",
       .ties = every_score,
       .interval = bootstrap,
       .higher_is_better = false,
       .of_ranking = fpr95_id},
      {.name = "fpr95_ood",
       .definition = "Share of ID rows flagged at the strictest threshold that catches at least "
                     "95 % of the OOD rows.",
       .positive = "OOD",
       .ties = every_score,
       .interval = bootstrap,
       .higher_is_better = false,
       .of_ranking = fpr95_ood},
      {.name = "id_accuracy",
       .definition = "Share of ID rows whose largest logit is that of their label.",
       .positive = "",
       .ties = "the first of equal logits is the prediction",
       .interval = "Wilson score",
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

std::vector<Measurement> measure(const Ranking& ranking, const IntervalOptions& options) {
  std::vector<Measurement> measured;
  std::vector<std::function<double(const Ranking&)>> statistics;
  for (const Metric& metric : metrics()) {
    if (!metric.of_ranking) continue;
    measured.push_back({&metric, metric.of_ranking(ranking), std::nullopt});
    if (metric.ranking_interval) {
      measured.back().bounds = metric.ranking_interval(ranking, options.confidence);
    } else {
      statistics.push_back(metric.of_ranking);
    }
  }
  if (options.resamples == 0) return measured;
  const auto bounds = bootstrap_intervals(ranking, statistics, options);
  auto next = bounds.begin();
  for (Measurement& m : measured) {
    if (!m.metric->ranking_interval) m.bounds = *next++;
  }
  return measured;
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
