// Metrics of scores that lie in Python's arrays.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "base/error.h"
#include "bindings.h"
#include "evaluation/answers.h"
#include "metrics/measure.h"
#include "metrics/metrics.h"
#include "metrics/proportion.h"
#include "results.h"

namespace nescio::python {

nb::object to_python(const evaluation::ResultRow& row) {
  nb::object lower = nb::none(), upper = nb::none();
  if (row.bounds) lower = nb::cast(row.bounds->lower), upper = nb::cast(row.bounds->upper);
  return nb::make_tuple(row.detector, row.set, row.role, row.metric, row.value, lower, upper);
}

nb::object to_python(const evaluation::Results& results) {
  nb::list rows, sets, skipped, chosen, flagged;
  for (const auto& row : results.rows) rows.append(to_python(row));
  for (const auto& set : results.sets) sets.append(nb::make_tuple(set.name, set.role, set.rows));
  for (const auto& one : results.skipped) {
    skipped.append(nb::make_tuple(one.detector, one.reason));
  }
  for (const auto& one : results.sweep.detectors) {
    nb::list tried;
    for (const auto& setting : one.tried) {
      tried.append(nb::make_tuple(setting.detector, setting.auroc));
    }
    chosen.append(nb::make_tuple(one.asked, one.chosen, tried));
  }
  for (const auto& one : results.flagged) {
    flagged.append(nb::make_tuple(one.detector, one.set, one.role, one.threshold,
                                  metrics::share(one.flagged), one.bounds.lower, one.bounds.upper));
  }
  nb::dict out;
  out["rows"] = rows;
  out["sets"] = sets;
  out["detectors"] = nb::cast(results.detectors);
  out["skipped"] = skipped;
  out["notices"] = nb::cast(results.notices);
  out["chosen"] = chosen;
  out["flagged"] = flagged;
  return out;
}

namespace {

using metrics::Metric;
using Scores = nb::ndarray<nb::ndim<1>, nb::c_contig, nb::device::cpu, nb::ro>;
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

/// Every metric of one detector's scores against several OOD sets, the mean over them behind.
nb::object evaluate_scores(const std::string& detector, const AnyArray& id,
                           const std::vector<std::pair<std::string, AnyArray>>& ood,
                           const std::optional<AnyArray>& logits,
                           const std::optional<AnyArray>& predicted,
                           const std::optional<AnyArray>& labels, const Names& further,
                           std::size_t resamples, std::uint64_t seed, double confidence) {
  const metrics::ChosenMetrics chosen = metrics::standard_metrics(further);
  const auto answers = answers_of(logits, predicted, labels, chosen);
  const Array id_scores = to_array(id);
  check_rows(answers, id_scores);
  std::vector<std::pair<std::string, Array>> sets;
  for (const auto& [name, scores] : ood) sets.emplace_back(name, to_array(scores));
  std::vector<evaluation::ResultRow> rows;
  {
    const Computing computing;
    const metrics::IntervalOptions options{resamples, seed, confidence};
    const auto add = [&](const std::string& set, const char* role,
                         const std::vector<metrics::Measurement>& measured) {
      for (const metrics::Measurement& m : measured) {
        rows.push_back({detector, set, role, m.metric->name, m.value, m.bounds});
      }
    };
    if (answers) add("id", "id", metrics::measure(*answers, options, chosen));
    std::vector<metrics::RowRanking> rankings;
    std::vector<std::uint8_t> right;
    if (answers) right = answers->right;
    const metrics::SortedRows sorted = metrics::sort_rows(id_scores, "ID scores");
    for (const auto& [name, scores] : sets) {
      rankings.push_back(
          metrics::rank_rows(sorted, metrics::sort_rows(scores, name + " scores"), right));
    }
    const auto measured = metrics::measure(std::move(rankings), options, chosen);
    for (std::size_t s = 0; s < sets.size(); ++s) add(sets[s].first, "ood", measured.sets[s]);
    if (sets.size() > 1) add(evaluation::mean_of_sets, "ood", measured.mean);
  }
  nb::list out;
  for (const auto& row : rows) out.append(to_python(row));
  return out;
}

}  // namespace

void bind_measures(nb::module_& m) {
  m.def("measure_one", &measure_one, nb::arg("metric"), nb::arg("id").none(), nb::arg("ood").none(),
        nb::arg("logits").none(), nb::arg("predicted").none(), nb::arg("labels").none());
  m.def("evaluate_scores", &evaluate_scores, nb::arg("detector"), nb::arg("id"), nb::arg("ood"),
        nb::arg("logits").none(), nb::arg("predicted").none(), nb::arg("labels").none(),
        nb::arg("metrics"), nb::arg("resamples"), nb::arg("seed"), nb::arg("confidence"));
}

}  // namespace nescio::python
