// Numbers as tables: detectors down, sets across, the best of each column in bold.
#include <algorithm>
#include <functional>

#include "metrics/metrics.h"
#include "report/sections.h"

namespace nescio::report {
namespace {

// A column of a table of results: a set, or a role as a whole, under one metric.
struct ResultColumn {
  Html heading;
  const metrics::Metric* metric;
  std::function<const evaluation::ResultRow*(const std::string& detector)> row;
};

Html measured(const evaluation::ResultRow* row, bool best) {
  if (!row) return cell("");
  Html value = per_cent(row->value);
  if (best) value = tag("strong", value);
  if (row->bounds) {
    value += tag("small", per_cent(row->bounds->lower) + "\u2013" + per_cent(row->bounds->upper));
  }
  return cell(value, true);
}

Html results_table(const Findings& findings, const Html& caption,
                   const std::vector<ResultColumn>& columns) {
  std::vector<Heading> headings = {{"detector"}};
  std::vector<double> best;
  for (const ResultColumn& column : columns) {
    headings.push_back({column.heading, true});
    const double sign = column.metric->higher_is_better ? 1 : -1;
    double top = -1;
    for (const std::string& detector : findings.best_first()) {
      const evaluation::ResultRow* row = column.row(detector);
      if (row && (top == -1 || sign * row->value > sign * top)) top = row->value;
    }
    best.push_back(top);
  }
  std::vector<Html> lines;
  for (const std::string& detector : findings.best_first()) {
    Html line = tag("th", {{"scope", "row"}}, code(detector));
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const evaluation::ResultRow* row = columns[c].row(detector);
      line += measured(row, row && row->value == best[c]);
    }
    lines.push_back(tag("tr", line));
  }
  return folding_table(caption, tag("tr", head_cells(headings)), lines, charted_detectors);
}

std::string arrow(const metrics::Metric& metric) {
  return metric.higher_is_better ? " \u2191" : " \u2193";
}

// "near" with the sets that it is the mean of.
Html role_heading(const Findings& findings, const std::string& role,
                  const metrics::Metric& metric) {
  const auto sets = findings.sets(role);
  return Html(role + " " + metric.name + arrow(metric)) +
         tag("small", sets.size() == 1 ? sets[0].name : "mean of " + std::to_string(sets.size()));
}

Html near_far(const Findings& findings) {
  std::vector<ResultColumn> columns;
  for (const std::string& role : findings.ood_roles()) {
    for (const char* name : {"auroc", "fpr95_id"}) {
      const metrics::Metric& metric = metrics::find_metric(name);
      columns.push_back({role_heading(findings, role, metric), &metric,
                         [&findings, role, &metric](const std::string& detector) {
                           return findings.of_role(detector, role, metric.name);
                         }});
    }
  }
  return results_table(findings,
                       "Near and far, in per cent with 95 % intervals; \u2191 higher is better, "
                       "\u2193 lower is better. The best of each column is bold.",
                       columns);
}

Html every_set(const Findings& findings, const metrics::Metric& metric) {
  std::vector<ResultColumn> columns;
  for (const std::string& role : findings.ood_roles()) {
    const auto sets = findings.sets(role);
    if (sets.size() > 1) {
      columns.push_back({Html(role) + tag("small", "mean"), &metric,
                         [&findings, role, &metric](const std::string& detector) {
                           return findings.of_role(detector, role, metric.name);
                         }});
    }
    for (const evaluation::SetInfo& set : sets) {
      columns.push_back({Html(set.name) + tag("small", role + ", " + thousands(set.rows) + " rows"),
                         &metric, [&findings, set, &metric](const std::string& detector) {
                           return findings.find(detector, set.name, set.role, metric.name);
                         }});
    }
  }
  const Html caption =
      code(metric.name) + arrow(metric) + " in per cent with 95 % intervals. " + metric.definition;
  return results_table(findings, caption, columns);
}

Html definitions(const metrics::ChosenMetrics& metrics) {
  Html list;
  for (const metrics::Metric* metric : metrics) {
    Html words = Html(metric->definition);
    if (!metric->positive.empty()) words += " Positive: " + metric->positive + ".";
    words += " Ties: " + metric->ties + ". Interval: " + metric->interval + ".";
    list += tag("dt", code(metric->name)) + tag("dd", words);
  }
  return tag("dl", list);
}

}  // namespace

Html tables_section(const Findings& findings) {
  Html out = near_far(findings) + tag("details", tag("summary", "How each number is defined") +
                                                     definitions(findings.results().metrics));
  for (const metrics::Metric* metric : findings.results().metrics) {
    if (!metric->of_ranking) continue;
    Attributes state;
    if (metric->name == "auroc") state = {{"open", "open"}};
    out += tag("details", state,
               tag("summary", code(metric->name) + " on every set") + every_set(findings, *metric));
  }
  return out;
}

}  // namespace nescio::report
