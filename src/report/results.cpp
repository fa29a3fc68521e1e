#include "report/results.h"

#include <algorithm>
#include <functional>

#include "base/numbers.h"
#include "base/text.h"
#include "metrics/metrics.h"
#include "report/values.h"

namespace nescio::report {
namespace {

std::string with_bounds(const evaluation::ResultRow& row) {
  const metrics::Metric& metric = metrics::find_metric(row.metric);
  const auto words = [&](double value) { return value_words(metric, value); };
  std::string out = words(row.value);
  if (row.bounds) out += " (" + words(row.bounds->lower) + "-" + words(row.bounds->upper) + ")";
  return metric.unit.empty() ? out : out + " " + metric.unit;
}

// The metrics that compare ID with OOD.
std::vector<std::string> separation_metrics(const evaluation::Results& results) {
  std::vector<std::string> names;
  for (const metrics::Metric* metric : results.metrics) {
    if (metric->of_ranking) names.push_back(metric->name);
  }
  return names;
}

using Cell = std::function<std::string(const evaluation::ResultRow&)>;

// Detectors x metrics for one set, or for the mean of a role.
TextTable block(const evaluation::Results& results, const std::string& set, const std::string& role,
                const Cell& cell) {
  TextTable table{.columns = {{"detector"}}};
  const auto names = separation_metrics(results);
  for (const std::string& name : names) table.columns.push_back({name, true});
  for (const std::string& detector : results.detectors) {
    std::vector<std::string> line(1 + names.size());
    line[0] = detector;
    for (const evaluation::ResultRow& row : results.rows) {
      if (row.detector != detector || row.set != set || row.role != role) continue;
      for (std::size_t m = 0; m < names.size(); ++m) {
        if (names[m] == row.metric) line[1 + m] = cell(row);
      }
    }
    table.rows.push_back(std::move(line));
  }
  return table;
}

std::string with_size(const evaluation::SetInfo& set) {
  return text(set.name, " (", set.rows, " rows)");
}

// title(words), then the table: near and far as a whole first, then each set of a role that has
// several.
template <class Title, class Print>
std::string blocks(const evaluation::Results& results, const Cell& cell, Title title, Print print) {
  std::string roles;
  std::string sets;
  for (const std::string role : {"near", "far"}) {
    std::vector<std::string> names;
    std::string each;
    for (const evaluation::SetInfo& set : results.sets) {
      if (set.role != role) continue;
      names.push_back(with_size(set));
      each += title(role + ": " + names.back()) + print(block(results, set.name, role, cell));
    }
    if (names.size() > 1) {
      roles += title(role + ": mean of " + join(names)) +
               print(block(results, evaluation::mean_of_sets, role, cell));
      sets += each;
    } else {
      roles += each;
    }
  }
  return roles + sets;
}

std::string id_line(const evaluation::Results& results) {
  std::string line = "id: ";
  for (const evaluation::SetInfo& set : results.sets) {
    if (set.role == "id") line += with_size(set);
  }
  for (const evaluation::ResultRow& row : results.rows) {
    // The same for every detector.
    if (row.role != "id" || row.detector != results.detectors.front()) continue;
    line += ", " + row.metric + " " + with_bounds(row);
  }
  return line;
}

std::string skipped_lines(const evaluation::Results& results) {
  std::string out;
  for (const detectors::Skipped& skipped : results.skipped) {
    out += text("- skipped ", markdown(skipped.detector), ": ", markdown(skipped.reason), "\n");
  }
  return out;
}

nlohmann::json json_of(const evaluation::ResultRow& row) {
  nlohmann::json out = {{"detector", row.detector}, {"set", row.set},     {"role", row.role},
                        {"metric", row.metric},     {"value", row.value}, {"lower", nullptr},
                        {"upper", nullptr}};
  if (row.bounds) {
    out["lower"] = row.bounds->lower;
    out["upper"] = row.bounds->upper;
  }
  return out;
}

nlohmann::json json_of(const std::vector<detectors::Skipped>& left_out) {
  nlohmann::json out = nlohmann::json::array();
  for (const detectors::Skipped& one : left_out) {
    out.push_back({{"detector", one.detector}, {"reason", one.reason}});
  }
  return out;
}

nlohmann::json json_of(const evaluation::Sweep& sweep) {
  nlohmann::json out = {{"val", sweep.val},
                        {"ood_val", sweep.ood_val},
                        {"rule", choice_rule(sweep)},
                        {"detectors", nlohmann::json::array()}};
  for (const evaluation::SweptDetector& swept : sweep.detectors) {
    nlohmann::json one = {{"asked", swept.asked},
                          {"chosen", swept.chosen},
                          {"tried", nlohmann::json::array()},
                          {"left_out", json_of(swept.left_out)}};
    for (const evaluation::TriedSetting& setting : swept.tried) {
      one["tried"].push_back({{"detector", setting.detector}, {"auroc", setting.auroc}});
    }
    out["detectors"].push_back(std::move(one));
  }
  return out;
}

}  // namespace

TextTable choices_table(const evaluation::Sweep& sweep) {
  TextTable table{
      .columns = {
          {"detector"}, {"chosen"}, {"auroc there", true}, {"tried", true}, {"left out", true}}};
  for (const evaluation::SweptDetector& swept : sweep.detectors) {
    const auto chosen =
        std::ranges::find(swept.tried, swept.chosen, &evaluation::TriedSetting::detector);
    table.rows.push_back({swept.asked, swept.chosen,
                          chosen == swept.tried.end() ? "" : per_cent(chosen->auroc),
                          text(swept.tried.size()), text(swept.left_out.size())});
  }
  return table;
}

std::string choice_rule(const evaluation::Sweep& sweep) {
  return text("Settings were chosen by the AUROC of ", sweep.val, " against ", join(sweep.ood_val),
              sweep.ood_val.size() > 1 ? " (the plain mean)" : "",
              "; of equal ones the first of the grid.");
}

TextTable long_table(const evaluation::Results& results) {
  TextTable table{.columns = {{"detector"},
                              {"set"},
                              {"role"},
                              {"metric"},
                              {"value", true},
                              {"lower", true},
                              {"upper", true}}};
  for (const evaluation::ResultRow& row : results.rows) {
    table.rows.push_back({row.detector, row.set, row.role, row.metric, format_number(row.value),
                          row.bounds ? format_number(row.bounds->lower) : "",
                          row.bounds ? format_number(row.bounds->upper) : ""});
  }
  return table;
}

nlohmann::json results_json(const evaluation::Results& results, const nlohmann::json& run) {
  nlohmann::json out = run;
  out["format"] = 1;
  out["rows"] = nlohmann::json::array();
  for (const evaluation::ResultRow& row : results.rows) out["rows"].push_back(json_of(row));
  out["sets"] = nlohmann::json::array();
  for (const evaluation::SetInfo& set : results.sets) {
    out["sets"].push_back({{"name", set.name}, {"role", set.role}, {"rows", set.rows}});
  }
  out["detectors"] = results.detectors;
  out["costs"] = nlohmann::json::array();
  for (const evaluation::DetectorCost& cost : results.costs) {
    out["costs"].push_back({{"detector", cost.detector},
                            {"operations_per_row", cost.operations},
                            {"reads_arrays", cost.arrays}});
  }
  out["thresholds"] = nlohmann::json::array();
  for (const evaluation::FlaggedRows& rows : results.flagged) {
    out["thresholds"].push_back({{"detector", rows.detector},
                                 {"set", rows.set},
                                 {"role", rows.role},
                                 {"threshold", rows.threshold},
                                 {"flagged", metrics::share(rows.flagged)},
                                 {"lower", rows.bounds.lower},
                                 {"upper", rows.bounds.upper},
                                 {"rows", rows.flagged.rows}});
  }
  out["skipped"] = json_of(results.skipped);
  if (!results.sweep.detectors.empty()) out["sweep"] = json_of(results.sweep);
  out["metrics"] = nlohmann::json::array();
  for (const metrics::Metric* metric : results.metrics) {
    out["metrics"].push_back({{"name", metric->name},
                              {"definition", metric->definition},
                              {"positive", metric->positive},
                              {"ties", metric->ties},
                              {"interval", metric->interval},
                              {"higher_is_better", metric->higher_is_better}});
  }
  return out;
}

std::string results_text(const evaluation::Results& results) {
  return id_line(results) + "\n" +
         blocks(
             results, [](const evaluation::ResultRow& row) { return per_cent(row.value); },
             [](const std::string& words) { return "\n" + words + ", in per cent\n"; },
             [](const TextTable& table) { return to_text(table); }) +
         (results.sweep.detectors.empty()
              ? ""
              : "\n" + choice_rule(results.sweep) + "\n" + to_text(choices_table(results.sweep)));
}

std::string results_markdown(const evaluation::Results& results, const std::string& command) {
  std::string out =
      "# Results\n\nIn per cent, with 95 % intervals. Scores are higher for more OOD.\n\n" +
      id_line(results) + "\n";
  out += blocks(
      results, with_bounds, [](const std::string& words) { return "\n## " + words + "\n\n"; },
      [](const TextTable& table) { return to_markdown(table); });
  if (!results.sweep.detectors.empty()) {
    out += "\n## What was chosen\n\n" + markdown(choice_rule(results.sweep)) + "\n\n" +
           to_markdown(choices_table(results.sweep));
  }
  out += "\n## What the numbers are\n\n";
  for (const metrics::Metric* metric : results.metrics) {
    out += text("- `", metric->name, "`: ", metric->definition, " Interval: ", metric->interval,
                ".\n");
  }
  if (const auto skipped = skipped_lines(results); !skipped.empty()) {
    out += "\n## Left out\n\n" + skipped;
  }
  return out + "\n## Command\n\n```\n" + printable(command) + "\n```\n";
}

}  // namespace nescio::report
