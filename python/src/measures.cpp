// Metrics of scores that lie in Python's arrays.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "base/error.h"
#include "bindings.h"
#include "evaluation/answers.h"
#include "metrics/measure.h"
#include "metrics/metrics.h"
#include "runs.h"

namespace nescio::python {

namespace {

using metrics::Metric;
using Names = std::vector<std::string>;

/// What the network said of the ID rows; none without labels, or with neither logits nor answers.
std::optional<metrics::Answers> answers_of(const std::optional<AnyArray>& logits,
                                           const std::optional<AnyArray>& predicted,
                                           const std::optional<AnyArray>& labels,
                                           const metrics::ChosenMetrics& chosen) {
  if (!labels || (!logits && !predicted)) return std::nullopt;
  std::map<std::string, Array> arrays = {{"labels", to_array(*labels)}};
  if (logits) arrays.emplace("logits", to_array(*logits));
  if (predicted) arrays.emplace("predictions", to_array(*predicted));
  const Computing computing;
  const bank::BankViews views({bank::view_of("id", arrays)});
  return evaluation::answers_of(views, "id", chosen);
}

void check_rows(const std::optional<metrics::Answers>& answers, const Array& id) {
  if (answers && answers->right.size() != id.rows()) {
    fail("labels: expected ", id.rows(), " as there are ID scores, found ", answers->right.size());
  }
}

/// One number.
double measure_one(const std::string& name, const std::optional<AnyArray>& id,
                   const std::optional<AnyArray>& ood, const std::optional<AnyArray>& logits,
                   const std::optional<AnyArray>& predicted,
                   const std::optional<AnyArray>& labels) {
  const Metric& metric = metrics::find_metric(name);
  const auto answers = answers_of(logits, predicted, labels, {&metric});
  if (metric.needs_answers && (!answers || !can_measure(metric, *answers))) {
    fail("[", metric.name, "] needs labels and ",
         metric.needs_confidence || metric.needs_classes ? "logits" : "logits (or predicted)",
         " of the ID rows");
  }
  if (metric.of_answers) return metric.of_answers(*answers);
  if (!id || !ood) fail("[", metric.name, "] needs ID and OOD scores");
  const Array id_scores = to_array(*id), ood_scores = to_array(*ood);
  const Computing computing;
  if (!metric.needs_answers && !metric.needs_scores) {
    return metric.of_ranking(metrics::rank(id_scores, ood_scores));
  }
  check_rows(answers, id_scores);
  std::vector<std::uint8_t> right;
  if (answers) right = answers->right;
  return metric.of_ranking(metrics::rank_rows(id_scores, ood_scores, right).ranking);
}

using ScoresOfSet = std::pair<std::string, AnyArray>;

/// Of one detector: what it is called, the scores of the ID rows, those of each OOD set.
using DetectorScores = std::tuple<std::string, AnyArray, std::vector<ScoresOfSet>>;

/// Every metric of scores against several OOD sets, the mean over these behind. To a report these are far sets.
Run evaluate_scores(const std::vector<DetectorScores>& detectors,
                    const std::optional<AnyArray>& logits, const std::optional<AnyArray>& predicted,
                    const std::optional<AnyArray>& labels, const Names& further,
                    const metrics::IntervalOptions& options) {
  Run run;
  run.roles.id = "id";
  evaluation::Results& results = run.record.results;
  results.metrics = metrics::standard_metrics(further);
  auto& scores = run.record.scores;
  for (const auto& [detector, id, ood] : detectors) {
    results.detectors.push_back(detector);
    scores.emplace(std::pair(detector, run.roles.id), copied(to_array(id)));
    for (const auto& [set, array] : ood) {
      scores.emplace(std::pair(detector, set), copied(to_array(array)));
    }
  }
  const auto& [first, first_id, first_ood] = detectors.front();
  results.sets.push_back({run.roles.id, "id", first_id.shape(0)});
  for (const auto& [set, array] : first_ood) {
    run.roles.far.push_back(set);
    results.sets.push_back({set, "far", array.shape(0)});
  }
  std::map<std::string, Array> of_network;
  if (labels) of_network.emplace("labels", to_array(*labels));
  if (logits) of_network.emplace("logits", to_array(*logits));
  if (predicted) of_network.emplace("predictions", to_array(*predicted));

  const Computing computing;
  std::optional<metrics::Answers> answers;
  if (!of_network.empty()) {
    run.data.views = bank::BankViews({bank::view_of(run.roles.id, of_network)});
    for (const auto& [name, array] : of_network) run.data.borrowed.push_back(array);
    if (labels && (logits || predicted)) {
      answers = evaluation::answers_of(run.data.views, run.roles.id, results.metrics);
    }
  }
  for (const std::string& detector : results.detectors) {
    const auto add = [&](const std::string& set, const char* role,
                         const std::vector<metrics::Measurement>& measured) {
      for (const metrics::Measurement& m : measured) {
        results.rows.push_back({detector, set, role, m.metric->name, m.value, m.bounds});
      }
    };
    const Array& id = scores.at({detector, run.roles.id});
    check_rows(answers, id);
    if (answers) add(run.roles.id, "id", metrics::measure(*answers, options, results.metrics));
    std::vector<metrics::RowRanking> rankings;
    std::vector<std::uint8_t> right;
    if (answers) right = answers->right;
    const metrics::SortedRows sorted = metrics::sort_rows(id, "ID scores");
    for (const std::string& set : run.roles.far) {
      rankings.push_back(metrics::rank_rows(
          sorted, metrics::sort_rows(scores.at({detector, set}), set + " scores"), right));
    }
    const auto measured = metrics::measure(std::move(rankings), options, results.metrics);
    for (std::size_t s = 0; s < run.roles.far.size(); ++s) {
      add(run.roles.far[s], "far", measured.sets[s]);
    }
    if (run.roles.far.size() > 1) add(evaluation::mean_of_sets, "far", measured.mean);
  }
  return run;
}

}  // namespace

void bind_measures(nb::module_& m) {
  m.def("measure_one", &measure_one, nb::arg("metric"), nb::arg("id").none(), nb::arg("ood").none(),
        nb::arg("logits").none(), nb::arg("predicted").none(), nb::arg("labels").none());
  m.def(
      "evaluate_scores",
      [](const std::vector<DetectorScores>& detectors, const std::optional<AnyArray>& logits,
         const std::optional<AnyArray>& predicted, const std::optional<AnyArray>& labels,
         const Names& metrics, std::size_t resamples, std::uint64_t seed, double confidence) {
        return evaluate_scores(detectors, logits, predicted, labels, metrics,
                               {resamples, seed, confidence});
      },
      nb::arg("detectors"), nb::arg("logits").none(), nb::arg("predicted").none(),
      nb::arg("labels").none(), nb::arg("metrics"), nb::arg("resamples"), nb::arg("seed"),
      nb::arg("confidence"));
}

}  // namespace nescio::python
