// The page of a comparison: differences as dots with their intervals, then all numbers.
#include <algorithm>

#include "base/numbers.h"
#include "base/text.h"
#include "metrics/metrics.h"
#include "report/comparison_report.h"
#include "report/dot_chart.h"
#include "report/findings.h"
#include "report/html_page.h"
#include "report/values.h"

namespace nescio::report {
namespace {

using Rows = std::vector<const evaluation::ComparedRow*>;

std::optional<metrics::Bounds> in_per_cent(const std::optional<metrics::Bounds>& bounds) {
  if (!bounds) return std::nullopt;
  return metrics::Bounds{100 * bounds->lower, 100 * bounds->upper};
}

std::string to_words(const metrics::Bounds& bounds) {
  return signed_per_cent(bounds.lower) + " to " + signed_per_cent(bounds.upper);
}

std::string baseline_of(const evaluation::Comparison& comparison) {
  return evaluation::sides(comparison)[comparison.baseline];
}

std::string one_side(const evaluation::Comparison& comparison) {
  return comparison.of_detectors ? "detector" : "arm";
}

Html values_chart(const evaluation::Comparison& comparison, const Rows& rows,
                  const std::string& title) {
  std::vector<DotRow> dots;
  std::string words = title + ":";
  for (const evaluation::ComparedRow* row : rows) {
    DotRow dot{.name = side_of(comparison, *row),
               .value = 100 * row->mean,
               .bounds = in_per_cent(row->over_rows),
               .words = per_cent(row->mean)};
    if (row->runs.size() > 1) {
      for (const double value : row->runs) dot.others.push_back(100 * value);
    }
    words += " " + dot.name + " " + dot.words + (row == rows.back() ? "." : ",");
    dots.push_back(std::move(dot));
  }
  return dot_chart(dots, axis_around(dots), words);
}

Html differences_chart(const evaluation::Comparison& comparison, const Rows& rows,
                       const std::string& title) {
  std::vector<DotRow> dots;
  std::string words = title + ":";
  for (const evaluation::ComparedRow* row : rows) {
    if (!row->difference) continue;
    dots.push_back({.name = side_of(comparison, *row),
                    .value = 100 * row->difference->value,
                    .bounds = in_per_cent(row->difference->over_rows),
                    .further = in_per_cent(row->difference->over_runs),
                    .words = signed_per_cent(row->difference->value)});
    words += " " + dots.back().name + " " + dots.back().words;
    if (const auto& bounds = row->difference->over_rows) {
      words += " (" + to_words(*bounds) + ")";
    }
    words += row == rows.back() ? "." : ",";
  }
  if (dots.empty()) return {};
  std::vector<DotRow> with_zero = dots;
  with_zero.push_back({.name = "", .value = 0});
  DotAxis axis = axis_around(with_zero);
  axis.mark = 0;
  return dot_chart(dots, axis, words);
}

Html comparison_figure(const Html& caption, const Html& chart) {
  if (chart.empty()) return {};
  return tag("figure", tag("figcaption", caption) + chart);
}

// Values and differences of every place, side by side.
Html charts(const evaluation::Comparison& comparison, const std::string& subject,
            const metrics::Metric& metric) {
  Html panels;
  for (const Place& place : places(comparison)) {
    const Rows rows = rows_of(comparison, subject, place.set, place.role, metric.name);
    if (rows.empty()) continue;
    const std::string title = metric.name + " of " + subject + ", " + place.words;
    panels += comparison_figure(Html(place.words) + tag("small", metric.name + " in per cent"),
                                values_chart(comparison, rows, title));
    panels += comparison_figure(
        Html(place.words) + tag("small", "difference to " + baseline_of(comparison)),
        differences_chart(comparison, rows, "Differences in " + title));
  }
  return tag("div", {{"class", "panels pairs"}}, panels);
}

Html charts_section(const evaluation::Comparison& comparison) {
  Html out = tag(
      "p",
      "Left: the mean of each " + one_side(comparison) +
          " with its 95 % interval over rows; small dots are its runs. "
          "Right: "
          "the difference to " +
          baseline_of(comparison) +
          "; the thick line is the 95 % interval over rows, the thin one that over runs. A line "
          "that does not reach the mark at 0 is more than other rows (thick) or other seeds (thin) "
          "would explain. Axes do not begin at 0.");
  const std::vector<std::string> all = subjects(comparison);
  const std::size_t shown = std::min(all.size(), charted_detectors);
  for (std::size_t d = 0; d < shown; ++d) {
    for (const char* name : {"auroc", "fpr95_id"}) {
      const metrics::Metric& metric = metrics::find_metric(name);
      Attributes state;
      if (d == 0 && metric.name == "auroc") state = {{"open", "open"}};
      out += tag("details", state,
                 tag("summary", tag("code", all[d]) + " " + metric.name +
                                    (metric.higher_is_better ? " \u2191" : " \u2193")) +
                     charts(comparison, all[d], metric));
    }
  }
  if (shown < all.size()) {
    out += tag("p", text("Charts show the first ", shown, " of ", all.size(),
                         " detectors, the tables all."));
  }
  return out;
}

Html tables_section(const evaluation::Comparison& comparison) {
  Html out;
  for (const std::string& subject : subjects(comparison)) {
    for (const metrics::Metric* metric : comparison.metrics) {
      const TextTable rows = sides_table(comparison, subject, *metric, true);
      if (rows.rows.empty()) continue;
      out += tag("details", tag("summary", tag("code", subject) + " " + metric->name) +
                                to_html(rows, "In " + unit_of(*metric) +
                                                  "; intervals are those of the difference to " +
                                                  baseline_of(comparison) + "."));
    }
  }
  return out;
}

Html arms_section(const evaluation::Comparison& comparison) {
  Html body;
  for (const evaluation::ComparedArm& arm : comparison.arms) {
    const bool baseline = !comparison.of_detectors && arm.name == baseline_of(comparison);
    body +=
        tag("tr", tag("th", {{"scope", "row"}}, arm.name) + tag("td", baseline ? "baseline" : "") +
                      tag("td", {{"class", "wide"}}, tag("code", join(arm.folders))));
  }
  Html sets;
  for (const evaluation::SetInfo& set : comparison.sets) {
    sets += tag("tr", tag("th", {{"scope", "row"}}, set.name) + tag("td", set.role) +
                          cell(thousands(set.rows), true));
  }
  return table("The arms and the folders of their runs",
               tag("tr", head_cells({{"arm"}, {""}, {"runs"}})), body) +
         table("The sets", tag("tr", head_cells({{"set"}, {"role"}, {"rows", true}})), sets);
}

Html definitions_section(const evaluation::Comparison& comparison, const std::string& command) {
  Html list;
  for (const std::string& words : evaluation::definitions(comparison)) list += tag("li", words);
  return tag("ul", list) + tag("h3", "Command") + tag("pre", command);
}

// The highest difference on near and on far: -0.2 rather than -0.9.
Html comparison_headlines(const evaluation::Comparison& comparison) {
  Html out;
  for (const Place& place : places(comparison)) {
    if (!place.whole || place.role == "id") continue;
    const evaluation::ComparedRow* best = nullptr;
    for (const evaluation::ComparedRow* row :
         rows_of(comparison, subjects(comparison).front(), place.set, place.role, "auroc")) {
      if (!row->difference) continue;
      if (!best || row->difference->value > best->difference->value) best = row;
    }
    if (!best) continue;
    Html words = Html("points of " + place.role + " AUROC with ") +
                 tag("code", subjects(comparison).front()) + ": " + side_of(comparison, *best) +
                 " over " + baseline_of(comparison);
    if (const auto& bounds = best->difference->over_rows) {
      words += "; over rows " + to_words(*bounds);
    }
    if (const std::size_t others = sides(comparison).size() - 1; others > 1) {
      words += text(". Of ", others, " ", one_side(comparison),
                    "s the one with the highest AUROC, chosen on these rows");
    }
    out += headline(signed_per_cent(best->difference->value), words);
  }
  return out;
}

}  // namespace

std::string comparison_page(const evaluation::Comparison& comparison, const std::string& command) {
  return html_page(
      text(sides(comparison).size(), " ", one_side(comparison), "s side by side"),
      comparison_headlines(comparison),
      {{"arms", "Arms", "What is compared", arms_section(comparison)},
       {"charts", "Charts",
        comparison.of_detectors ? "Detectors and their differences" : "Arms and their differences",
        charts_section(comparison)},
       {"tables", "Tables", "All numbers", tables_section(comparison)},
       {"definitions", "Definitions", "What the numbers are",
        definitions_section(comparison, command)}});
}

}  // namespace nescio::report
