#include "metrics/metrics.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/arguments.h"
#include "base/error.h"
#include "base/find_entry.h"
#include "base/spec.h"
#include "metrics/curves.h"
#include "metrics/delong.h"

namespace nescio::metrics {
namespace {

constexpr const char* every_score = "every distinct score is one threshold";
constexpr const char* linear =
    "the curve is linear between thresholds, so a tied pair counts one half";
constexpr const char* resampled = "percentile bootstrap, ID and OOD rows resampled separately";
constexpr const char* resampled_together =
    "percentile bootstrap, all scores read from the same resampled rows";
constexpr const char* resampled_answers = "percentile bootstrap of the ID rows";
constexpr const char* first_of_equal = "the first of equal logits is the prediction";

double aupr_in(const Ranking& ranking) { return average_precision(ranking, Positive::id); }
double aupr_out(const Ranking& ranking) { return average_precision(ranking, Positive::ood); }
double aupr_in_trapezoid(const Ranking& ranking) { return aupr_trapezoid(ranking, Positive::id); }
double aupr_out_trapezoid(const Ranking& ranking) { return aupr_trapezoid(ranking, Positive::ood); }

/// "ccr(fpr=0.01)"
std::string named(const char* family, const char* parameter, double level) {
  return text(family, "(", parameter, "=", format_number(level), ")");
}

/// A metric of a family, whose member at a level, the share that `doc` says, is made by `at`.
Metric of_family(const char* parameter, const char* doc, Metric (*at)(double), Metric metric) {
  metric.level = {.name = parameter, .doc = doc, .min = 0, .max = 1, .min_excluded = true};
  metric.at = at;
  return metric;
}

Metric fpr_id(double tpr) {
  return of_family(
      "tpr", "share of the ID rows to keep", fpr_id,
      {.name = tpr == 0.95 ? "fpr95_id" : named("fpr_id", "tpr", tpr),
       .definition = text("Share of OOD rows accepted at the strictest threshold that keeps at "
                          "least the share ",
                          format_number(tpr), " of the ID rows."),
       .positive = "ID",
       .ties = every_score,
       .interval = resampled,
       .contrast = resampled_together,
       .higher_is_better = false,
       .standard = tpr == 0.95,
       .family = "fpr_id",
       .of_ranking = [tpr](const Ranking& r) { return fpr_at_tpr(r, tpr, Positive::id); }});
}

Metric fpr_ood(double tpr) {
  return of_family(
      "tpr", "share of the OOD rows to catch", fpr_ood,
      {.name = tpr == 0.95 ? "fpr95_ood" : named("fpr_ood", "tpr", tpr),
       .definition = text("Share of ID rows flagged at the strictest threshold that catches at "
                          "least the share ",
                          format_number(tpr), " of the OOD rows."),
       .positive = "OOD",
       .ties = every_score,
       .interval = resampled,
       .contrast = resampled_together,
       .higher_is_better = false,
       .standard = tpr == 0.95,
       .family = "fpr_ood",
       .of_ranking = [tpr](const Ranking& r) { return fpr_at_tpr(r, tpr, Positive::ood); }});
}

/// `accepted`: what becomes of a negative row.
std::string partial_definition(double fpr, const char* accepted) {
  return text("Area under the ROC curve where at most the share ", format_number(fpr), " of the ",
              accepted, ", rescaled: 0.5 is chance and 1 full separation there.");
}

Metric partial_auroc_id(double fpr) {
  return of_family(
      "fpr", "largest share of the OOD rows accepted", partial_auroc_id,
      {.name = named("partial_auroc_id", "fpr", fpr),
       .definition = partial_definition(fpr, "OOD rows is accepted"),
       .positive = "ID",
       .ties = linear,
       .interval = resampled,
       .contrast = resampled_together,
       .standard = false,
       .family = "partial_auroc_id",
       .of_ranking = [fpr](const Ranking& r) { return partial_auroc(r, fpr, Positive::id); }});
}

Metric partial_auroc_ood(double fpr) {
  return of_family(
      "fpr", "largest share of the ID rows flagged", partial_auroc_ood,
      {.name = named("partial_auroc_ood", "fpr", fpr),
       .definition = partial_definition(fpr, "ID rows is flagged"),
       .positive = "OOD",
       .ties = linear,
       .interval = resampled,
       .contrast = resampled_together,
       .standard = false,
       .family = "partial_auroc_ood",
       .of_ranking = [fpr](const Ranking& r) { return partial_auroc(r, fpr, Positive::ood); }});
}

Metric ccr(double fpr) {
  return of_family(
      "fpr", "share of the OOD rows that is not to be reached", ccr,
      {.name = named("ccr", "fpr", fpr),
       .definition = text("Share of ID rows that are accepted and classified right at the loosest "
                          "threshold that accepts less than the share ",
                          format_number(fpr), " of the OOD rows."),
       .positive = "ID",
       .ties = every_score,
       .interval = resampled,
       .contrast = resampled_together,
       .standard = false,
       .needs_answers = true,
       .family = "ccr",
       .of_ranking = [fpr](const Ranking& r) { return ccr_at_fpr(r, fpr); }});
}

struct Level {
  double value = 0;
};

/// The member of a family that a term asks for; without arguments the one of the table.
Metric member(const Metric& family, const Term& term) {
  if (term.arguments.empty()) return family;
  Level level;
  set_arguments(level, {bind_parameter<Level>(&Level::value, family.level)},
                "[" + family.family + "]", term);
  return family.at(level.value);
}

/// Who chose a metric that is not in the table keeps a pointer to it, as to those that are.
const Metric& kept(Metric metric) {
  static std::mutex mutex;
  static std::map<std::string, Metric> all;
  const std::scoped_lock lock(mutex);
  const std::string name = metric.name;
  return all.try_emplace(name, std::move(metric)).first->second;
}

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
      fpr_id(0.95),
      fpr_ood(0.95),
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
      partial_auroc_id(0.1),
      partial_auroc_ood(0.1),
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
      ccr(0.1),
      {.name = "aurc",
       .definition =
           "Area under the risk-coverage curve of ID and OOD rows together: mean over all "
           "rows of the share of failures among those that score no higher; failures are "
           "OOD rows and ID rows that are classified wrong. Depends on the set sizes.",
       .positive = "",
       .ties = every_score,
       .interval = resampled,
       .contrast = resampled_together,
       .higher_is_better = false,
       .standard = false,
       .needs_answers = true,
       .of_ranking = aurc},
      {.name = "id_accuracy",
       .definition = "Share of ID rows whose largest logit is that of their label.",
       .positive = "",
       .ties = first_of_equal,
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
       .ties = first_of_equal,
       .interval = resampled_answers,
       .contrast = resampled_together,
       .higher_is_better = false,
       .standard = false,
       .needs_answers = true,
       .needs_confidence = true,
       .of_answers = expected_calibration_error},
      {.name = "nll",
       .definition = "Mean negative log-likelihood of the ID rows: of the softmax probability of "
                     "their label, in nats.",
       .positive = "",
       .ties = "none: no prediction is read",
       .interval = resampled_answers,
       .contrast = resampled_together,
       .unit = "nats",
       .higher_is_better = false,
       .standard = false,
       .needs_answers = true,
       .needs_classes = true,
       .of_answers = negative_log_likelihood},
      {.name = "classwise_ece",
       .definition =
           "Classwise calibration error of the ID rows: mean over classes and rows of the "
           "distance between the softmax probability of the class and the share of rows of "
           "that class, in 15 bins of equal width.",
       .positive = "",
       .ties = "none: no prediction is read",
       .interval = resampled_answers,
       .contrast = resampled_together,
       .higher_is_better = false,
       .standard = false,
       .needs_answers = true,
       .needs_classes = true,
       .of_answers = classwise_calibration_error},
      {.name = "id_aurc",
       .definition =
           "Area under the risk-coverage curve of the ID rows: mean over rows of the share "
           "of wrong answers among those whose largest softmax probability is no lower.",
       .positive = "",
       .ties = "every distinct probability is one threshold",
       .interval = resampled_answers,
       .contrast = resampled_together,
       .higher_is_better = false,
       .standard = false,
       .needs_answers = true,
       .needs_confidence = true,
       .of_answers = risk_coverage_area},
  };
  return table;
}

const Metric& find_metric(std::string_view name) {
  for (const Metric& metric : metrics()) {
    if (metric.name == name) return metric;
  }
  const Spec spec = parse_spec(name);
  const Term& term = spec.terms.front();
  for (const Metric& family : metrics()) {
    if (spec.terms.size() > 1 || family.family.empty() || family.family != term.name) continue;
    Metric asked = member(family, term);
    return asked.name == family.name ? family : kept(std::move(asked));
  }
  return find_entry(metrics(), name, "metric");
}

bool can_measure(const Metric& metric, const Answers& answers) {
  return (!metric.needs_confidence || !answers.confidence.empty()) &&
         (!metric.needs_classes || !answers.places.empty());
}

ChosenMetrics standard_metrics(std::span<const std::string> further) {
  bool all = false;
  ChosenMetrics asked;
  for (const std::string& name : further) {
    if (name == "all") {
      all = true;
    } else {
      asked.push_back(&find_metric(name));
    }
  }
  ChosenMetrics out;
  const auto add = [&](const Metric* metric) {
    if (std::ranges::find(out, metric) == out.end()) out.push_back(metric);
  };
  for (const Metric& metric : metrics()) {
    if (metric.standard || all || std::ranges::find(asked, &metric) != asked.end()) add(&metric);
    for (const Metric* other : asked) {  // at other levels
      if (!metric.family.empty() && other->family == metric.family) add(other);
    }
  }
  return out;
}

}  // namespace nescio::metrics
