#include "report/comparison_report.h"

#include "base/numbers.h"
#include "base/text.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/own_folder.h"
#include "metrics/metrics.h"
#include "report/values.h"

namespace nescio::report {
namespace {

std::string mean_words(const metrics::Metric& metric, const evaluation::ComparedRow& row) {
  return value_words(metric, row.mean) +
         (row.deviation ? " \u00b1 " + value_words(metric, *row.deviation) : "");
}

std::string bounds_words(const metrics::Metric& metric,
                         const std::optional<metrics::Bounds>& bounds) {
  if (!bounds) return "";
  return difference_words(metric, bounds->lower) + " to " + difference_words(metric, bounds->upper);
}

std::vector<std::string> bounds_cells(const std::optional<metrics::Bounds>& bounds) {
  if (!bounds) return {"", ""};
  return {format_number(bounds->lower), format_number(bounds->upper)};
}

nlohmann::json bounds_json(const std::optional<metrics::Bounds>& bounds) {
  if (!bounds) return nullptr;
  return {bounds->lower, bounds->upper};
}

nlohmann::json json_of(const evaluation::ComparedRow& row) {
  nlohmann::json out = {{"detector", row.detector}, {"set", row.set},
                        {"role", row.role},         {"metric", row.metric},
                        {"arm", row.arm},           {"runs", row.runs},
                        {"mean", row.mean},         {"deviation", nullptr},
                        {"difference", nullptr},    {"over_rows", bounds_json(row.over_rows)}};
  if (row.deviation) out["deviation"] = *row.deviation;
  if (row.difference) {
    out["difference"] = {{"value", row.difference->value},
                         {"over_rows", bounds_json(row.difference->over_rows)},
                         {"over_runs", bounds_json(row.difference->over_runs)}};
  }
  return out;
}

std::string comparison_title(const evaluation::Comparison& comparison, const std::string& subject,
                             const metrics::Metric& metric) {
  return text(subject, ": ", metric.name, " in ", unit_of(metric), " (",
              metric.higher_is_better ? "higher" : "lower", " is better), differences to ",
              evaluation::sides(comparison)[comparison.baseline]);
}

}  // namespace

std::vector<Place> places(const evaluation::Comparison& comparison) {
  std::vector<Place> out;
  for (const std::string role : {"id", "near", "far"}) {
    std::vector<Place> sets;
    for (const evaluation::SetInfo& set : comparison.sets) {
      if (set.role == role) sets.push_back({set.name, role, role + ": " + set.name, false});
    }
    if (sets.size() == 1) sets[0].whole = true;
    if (sets.size() > 1) {
      out.push_back(
          {evaluation::mean_of_sets, role, text(role, ": mean of ", sets.size(), " sets"), true});
    }
    out.insert(out.end(), sets.begin(), sets.end());
  }
  return out;
}

std::vector<const evaluation::ComparedRow*> rows_of(const evaluation::Comparison& comparison,
                                                    const std::string& subject,
                                                    const std::string& set, const std::string& role,
                                                    const std::string& metric) {
  std::vector<const evaluation::ComparedRow*> out;
  for (const evaluation::ComparedRow& row : comparison.rows) {
    if (subject_of(comparison, row) == subject && row.set == set && row.role == role &&
        row.metric == metric) {
      out.push_back(&row);
    }
  }
  return out;
}

TextTable sides_table(const evaluation::Comparison& comparison, const std::string& subject,
                      const metrics::Metric& metric, bool sets) {
  TextTable table{.columns = {{"set"},
                              {comparison.of_detectors ? "detector" : "arm"},
                              {metric.name, true},
                              {"difference", true},
                              {"over rows", true},
                              {"over runs", true}}};
  for (const Place& place : places(comparison)) {
    if (!place.whole && !sets) continue;
    std::string words = place.words;
    for (const evaluation::ComparedRow* row :
         rows_of(comparison, subject, place.set, place.role, metric.name)) {
      const auto& difference = row->difference;
      table.rows.push_back({words, side_of(comparison, *row), mean_words(metric, *row),
                            difference ? difference_words(metric, difference->value) : "",
                            difference ? bounds_words(metric, difference->over_rows) : "",
                            difference ? bounds_words(metric, difference->over_runs) : ""});
      words.clear();
    }
  }
  return table;
}

TextTable long_table(const evaluation::Comparison& comparison) {
  TextTable table;
  for (const char* name : {"detector", "set", "role", "metric", "arm"}) {
    table.columns.push_back({name});
  }
  for (const char* name :
       {"runs", "mean", "deviation", "lower", "upper", "difference", "difference_lower",
        "difference_upper", "over_runs_lower", "over_runs_upper"}) {
    table.columns.push_back({name, true});
  }
  for (const evaluation::ComparedRow& row : comparison.rows) {
    std::vector<std::string> line = {row.detector,
                                     row.set,
                                     row.role,
                                     row.metric,
                                     row.arm,
                                     text(row.runs.size()),
                                     format_number(row.mean),
                                     row.deviation ? format_number(*row.deviation) : ""};
    const auto add = [&](const std::vector<std::string>& cells) {
      line.insert(line.end(), cells.begin(), cells.end());
    };
    const evaluation::Difference none;
    const evaluation::Difference& difference = row.difference ? *row.difference : none;
    add(bounds_cells(row.over_rows));
    add({row.difference ? format_number(difference.value) : ""});
    add(bounds_cells(difference.over_rows));
    add(bounds_cells(difference.over_runs));
    table.rows.push_back(std::move(line));
  }
  return table;
}

nlohmann::json comparison_json(const evaluation::Comparison& comparison,
                               const nlohmann::json& run) {
  nlohmann::json out = run;
  out["format"] = 1;
  out["baseline"] = evaluation::sides(comparison)[comparison.baseline];
  out["definitions"] = evaluation::definitions(comparison);
  out["detectors"] = comparison.detectors;
  out["arms"] = nlohmann::json::array();
  for (const evaluation::ComparedArm& arm : comparison.arms) {
    out["arms"].push_back({{"name", arm.name}, {"runs", arm.folders}});
  }
  out["sets"] = nlohmann::json::array();
  for (const evaluation::SetInfo& set : comparison.sets) {
    out["sets"].push_back({{"name", set.name}, {"role", set.role}, {"rows", set.rows}});
  }
  out["rows"] = nlohmann::json::array();
  for (const evaluation::ComparedRow& row : comparison.rows) out["rows"].push_back(json_of(row));
  return out;
}

std::string comparison_text(const evaluation::Comparison& comparison) {
  std::string out;
  for (const std::string& subject : subjects(comparison)) {
    for (const metrics::Metric* metric : comparison.metrics) {
      // Of the standard ones those that say most; the files hold all.
      const bool shown = !metric->standard || metric->name == "auroc" ||
                         metric->name == "fpr95_id" || metric->name == "id_accuracy";
      const TextTable table = sides_table(comparison, subject, *metric, false);
      if (!shown || table.rows.empty()) continue;
      out += (out.empty() ? "" : "\n") + comparison_title(comparison, subject, *metric) + "\n" +
             to_text(table);
    }
  }
  return out;
}

std::string comparison_markdown(const evaluation::Comparison& comparison,
                                const std::string& command) {
  std::string out = "# Comparison\n\n## Arms and their runs\n\n";
  for (const evaluation::ComparedArm& arm : comparison.arms) {
    out += "- " + markdown(arm.name) + ": " + markdown(join(arm.folders)) + "\n";
  }
  for (const std::string& subject : subjects(comparison)) {
    for (const metrics::Metric* metric : comparison.metrics) {
      const TextTable table = sides_table(comparison, subject, *metric, true);
      if (table.rows.empty()) continue;
      out += "\n## " + markdown(comparison_title(comparison, subject, *metric)) + "\n\n" +
             to_markdown(table);
    }
  }
  out += "\n## What the numbers are\n\n";
  for (const std::string& words : evaluation::definitions(comparison)) out += "- " + words + "\n";
  return out + "\n## Command\n\n```\n" + printable(command) + "\n```\n";
}

void write_comparison(const evaluation::Comparison& comparison, const nlohmann::json& run,
                      const std::string& command, const std::filesystem::path& folder) {
  io::make_folders(folder);
  const io::FolderLock lock(folder, true);
  io::check_writable(folder, "comparison", "comparison.json",
                     {"comparison.csv", "comparison.md", "comparison.html"});
  io::write_json(folder / "comparison.json", comparison_json(comparison, run));
  io::write_text(folder / "comparison.csv", to_csv(long_table(comparison)));
  io::write_text(folder / "comparison.md", comparison_markdown(comparison, command));
  io::write_text(folder / "comparison.html", comparison_page(comparison, command));
}

}  // namespace nescio::report
