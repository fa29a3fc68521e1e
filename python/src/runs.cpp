#include "runs.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "bindings.h"
#include "io/file.h"
#include "metrics/proportion.h"
#include "report/html_report.h"

namespace nescio::python {
namespace {

/// (detector, set, role, metric, value, lower, upper); None for bounds that are not there.
nb::object tuple_of(const evaluation::ResultRow& row) {
  nb::object lower = nb::none(), upper = nb::none();
  if (row.bounds) lower = nb::cast(row.bounds->lower), upper = nb::cast(row.bounds->upper);
  return nb::make_tuple(row.detector, row.set, row.role, row.metric, row.value, lower, upper);
}

/// What Python reads of it, by name.
nb::dict facts_of(const Run& run) {
  const evaluation::Results& results = run.record.results;
  nb::list rows, sets, skipped, chosen, flagged;
  for (const auto& row : results.rows) rows.append(tuple_of(row));
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

/// Writes the page, all or nothing. `call` is what made the run, `facts` a JSON object of settings and versions.
void write_report(const Run& run, const std::string& path, const std::string& call,
                  const std::string& facts) {
  const Computing computing;
  report::RunRecord record = run.record;
  record.command = call;
  record.run = nlohmann::json::parse(facts);
  io::write_text(path, report::html_report(record, run.data.views, run.roles, nullptr));
}

}  // namespace

void bind_runs(nb::module_& m) {
  nb::class_<Run>(m, "Run")
      .def("facts", &facts_of)
      .def("report", &write_report, nb::arg("path"), nb::arg("call"), nb::arg("facts"));
}

}  // namespace nescio::python
