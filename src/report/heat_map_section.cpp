// AUROC of every detector on every set: the darker, the better.
#include <algorithm>
#include <array>
#include <cstdio>

#include "report/heat_colour.h"
#include "report/sections.h"

namespace nescio::report {
namespace {

Html coloured(const evaluation::ResultRow* row) {
  if (!row) return tag("td", "");
  const HeatColour colour = heat_colour(row->value);
  return tag("td", {{"style", "background:" + colour.background + ";color:" + colour.text}},
             per_cent(row->value, 1));
}

// What the colours stand for.
Html key() {
  Html steps;
  for (const int value : {50, 60, 70, 80, 90, 100}) {
    const HeatColour colour = heat_colour(value / 100.0);
    const std::string words = std::to_string(value);
    steps += tag("span", {{"style", "background:" + colour.background + ";color:" + colour.text}},
                 value == 50 ? "\u2264\u2009" + words : words);
  }
  return tag("p", {{"class", "key"}}, steps);
}

}  // namespace

Html heat_map_section(const Findings& findings) {
  std::vector<Heading> headings = {{"detector"}};
  for (const std::string& role : findings.ood_roles()) {
    for (const evaluation::SetInfo& set : findings.sets(role)) {
      headings.push_back({Html(set.name) + tag("small", role)});
    }
  }
  std::vector<Html> lines;
  for (const std::string& detector : findings.best_first()) {
    Html line = tag("th", {{"scope", "row"}}, code(detector));
    for (const std::string& role : findings.ood_roles()) {
      for (const evaluation::SetInfo& set : findings.sets(role)) {
        line += coloured(findings.find(detector, set.name, role, "auroc"));
      }
    }
    lines.push_back(tag("tr", line));
  }
  const Html map = folding_table("AUROC in per cent; 50 is chance", tag("tr", head_cells(headings)),
                                 lines, charted_detectors);
  return key() + tag("div", {{"class", "heat"}}, map);
}

}  // namespace nescio::report
