#include "metrics/metrics.h"

#include <algorithm>

#include "base/error.h"
#include "base/find_entry.h"
#include "metrics/curves.h"
#include "metrics/delong.h"

namespace nescio::metrics {
namespace {

constexpr const char* every_score = "every distinct score is one threshold";
constexpr const char* resampled = "percentile bootstrap, ID and OOD rows resampled separately";
constexpr const char* resampled_together =
    "percentile bootstrap, all scores read from the same resampled rows";

double aupr_in(const Ranking& ranking) { return average_precision(ranking, Positive::id); }
double aupr_out(const Ranking& ranking) { return average_precision(ranking, Positive::ood); }
double aupr_in_trapezoid(const Ranking& ranking) { return aupr_trapezoid(ranking, Positive::id); }
double aupr_out_trapezoid(const Ranking& ranking) { return aupr_trapezoid(ranking, Positive::ood); }
double fpr95_id(const Ranking& ranking) { return fpr_at_tpr(ranking, 0.95, Positive::id); }
double fpr95_ood(const Ranking& ranking) { return fpr_at_tpr(ranking, 0.95, Positive::ood); }
double ccr_fpr10(const Ranking& ranking) { return ccr_at_fpr(ranking, 0.1); }
double ccr_fpr1(const Ranking& ranking) { return ccr_at_fpr(ranking, 0.01); }

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
       .ranking_interval = [](std::span<const RankingTerm> terms,
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
      {.name = "aupr_in_trapezoid",
       .definition = "Area of trapezoids under the precision-recall curve of ID rows, as toolkits "
                     "print it: too optimistic, for parity only.",
       .positive = "ID",
       .ties = every_score,
       .interval = resampled,
       .contrast = resampled_together,
       .standard = false,
       .of_ranking = aupr_in_trapezoid},
      {.name = "aupr_out_trapezoid",
       .definition = "Area of trapezoids under the precision-recall curve of OOD rows, as toolkits "
                     "print it: too optimistic, for parity only.",
       .positive = "OOD",
       .ties = every_score,
       .interval = resampled,
       .contrast = resampled_together,
       .standard = false,
       .of_ranking = aupr_out_trapezoid},
      {.name = "detection_error",
       .definition = "Lowest mean of the share of ID rows flagged and of OOD rows accepted at one "
                     "threshold.",
       .positive = "",
       .ties = every_score,
       .interval = resampled,
       .contrast = resampled_together,
       .higher_is_better = false,
       .standard = false,
       .of_ranking = detection_error},
      {.name = "autc",
       .definition = "Area under the threshold curve: mean of the share of ID rows flagged and of "
                     "OOD rows accepted over thresholds that are uniform between the lowest and "
                     "the highest score.",
       .positive = "",
       .ties = "the scores themselves count, not their order",
       .interval = resampled,
       .contrast = resampled_together,
       .higher_is_better = false,
       .standard = false,
       .needs_scores = true,
       .of_ranking = autc},
      {.name = "oscr",
       .definition = "Open-set classification rate: the probability that an ID row is classified "
                     "right and scores lower than an OOD row.",
       .positive = "ID",
       .ties = "a tied pair counts one half",
       .interval = resampled,
       .contrast = resampled_together,
       .standard = false,
       .needs_answers = true,
       .of_ranking = oscr},
      {.name = "ccr_fpr10",
       .definition = "Share of ID rows that are accepted and classified right at the loosest "
                     "threshold that accepts fewer than 10 % of the OOD rows.",
       .positive = "ID",
       .ties = every_score,
       .interval = resampled,
       .contrast = resampled_together,
       .standard = false,
       .needs_answers = true,
       .of_ranking = ccr_fpr10},
      {.name = "ccr_fpr1",
       .definition = "Share of ID rows that are accepted and classified right at the loosest "
                     "threshold that accepts fewer than 1 % of the OOD rows.",
       .positive = "ID",
       .ties = every_score,
       .interval = resampled,
       .contrast = resampled_together,
       .standard = false,
       .needs_answers = true,
       .of_ranking = ccr_fpr1},
      {.name = "id_accuracy",
       .definition = "Share of ID rows whose largest logit is that of their label.",
       .positive = "",
       .ties = "the first of equal logits is the prediction",
       .interval = "Wilson score",
       .contrast = "normal, from the weighted sum of each row's answers",
       .needs_answers = true,
       .of_answers = accuracy,
       .answers_interval =
           [](const Answers& answers, double confidence) {
             return std::optional(accuracy_interval(answers, confidence));
           },
       .answers_contrast = [](std::span<const AnswersTerm> terms,
                              double confidence) { return accuracy_interval(terms, confidence); }},
      {.name = "ece",
       .definition = "Expected calibration error of the ID rows: mean distance between the softmax "
                     "probability of the predicted class and the share of right answers, in 15 "
                     "bins of equal width.",
       .positive = "",
       .ties = "the first of equal logits is the prediction",
       .interval = "percentile bootstrap of the ID rows",
       .contrast = resampled_together,
       .higher_is_better = false,
       .standard = false,
       .needs_answers = true,
       .needs_confidence = true,
       .of_answers = expected_calibration_error},
  };
  return table;
}

const Metric& find_metric(std::string_view name) { return find_entry(metrics(), name, "metric"); }

ChosenMetrics standard_metrics(std::span<const std::string> further) {
  const auto asked = [&](std::string_view name) { return std::ranges::count(further, name) > 0; };
  for (const std::string& name : further) {
    if (name != "all") find_metric(name);
  }
  ChosenMetrics out;
  for (const Metric& metric : metrics()) {
    if (metric.standard || asked("all") || asked(metric.name)) out.push_back(&metric);
  }
  return out;
}

}  // namespace nescio::metrics
