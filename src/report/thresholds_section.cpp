// The promise of a threshold beside what happened.
#include "report/dot_chart.h"
#include "report/sections.h"

namespace nescio::report {
namespace {

using evaluation::FlaggedRows;

const FlaggedRows* find(const Findings& findings, const std::string& detector,
                        const std::string& set) {
  for (const FlaggedRows& rows : findings.results().flagged) {
    if (rows.detector == detector && rows.set == set) return &rows;
  }
  return nullptr;
}

// Of ID rows the share that is kept, of OOD rows the share that is caught.
DotRow dot_row(const FlaggedRows& rows) {
  const double flagged = metrics::share(rows.flagged);
  const bool id = rows.role == "id";
  const auto right = [&](double share) { return 100 * (id ? 1 - share : share); };
  DotRow out{.name = rows.detector, .value = right(flagged)};
  const double a = right(rows.bounds.lower), b = right(rows.bounds.upper);
  out.bounds = metrics::Bounds{std::min(a, b), std::max(a, b)};
  out.words = per_cent(out.value / 100, 1);
  return out;
}

Html flagged_figure(const Findings& findings, const evaluation::SetInfo& set) {
  std::vector<DotRow> rows;
  std::string words = set.role == "id" ? "Share of " + set.name + " that is kept."
                                       : "Share of " + set.name + " that is caught.";
  for (const std::string& detector : findings.best_first()) {
    if (rows.size() == charted_detectors) break;
    const FlaggedRows* found = find(findings, detector, set.name);
    if (!found) continue;
    rows.push_back(dot_row(*found));
    words += " " + detector + ": " + rows.back().words + " %.";
  }
  if (rows.empty()) return {};
  DotAxis axis{0, 100};
  if (set.role == "id") {
    rows.push_back({.name = "promise", .value = 100 * evaluation::share_kept});
    axis = axis_around(rows);
    rows.pop_back();
    axis.mark = 100 * evaluation::share_kept;
  }
  const Html caption = Html(set.role == "id" ? "kept of " : "caught of ") + set.name +
                       tag("small", set.role + ", " + thousands(set.rows) + " rows");
  return tag("figure", tag("figcaption", caption) + dot_chart(rows, axis, words));
}

}  // namespace

Html thresholds_section(const Findings& findings) {
  if (findings.results().flagged.empty()) return {};
  Html panels;
  for (const evaluation::SetInfo& set : findings.results().sets)
    panels += flagged_figure(findings, set);
  const Html words =
      Html("For each detector the lowest threshold that keeps " +
           per_cent(evaluation::share_kept, 0) + " % of " + findings.roles().val + " (" +
           thousands(findings.bank().at(findings.roles().val).rows) +
           " rows), used on every set: the promise is the dashed line, with 95 % intervals of "
           "Clopper and Pearson. Few validation rows make a threshold that keeps a little more or "
           "less than it promises; ") +
      code("nescio calibrate") + " with " + code("guarantee=true") +
      " takes that into account. Shown: ";
  return tag("p", words + charted_words(findings) + ".") +
         tag("div", {{"class", "panels pairs"}}, panels);
}

}  // namespace nescio::report
