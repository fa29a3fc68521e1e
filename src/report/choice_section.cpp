// What a run says of its detectors beside each other: which lead, what they cost, how steady they are,
// and which say the same.
#include <algorithm>

#include "metrics/rank_correlation.h"
#include "report/contenders.h"
#include "report/dot_chart.h"
#include "report/heat_colour.h"
#include "report/scatter_chart.h"
#include "report/sections.h"
#include "report/svg.h"

namespace nescio::report {
namespace {

constexpr std::size_t ranked_detectors = 60;  // a line each
constexpr std::size_t listed = 8;             // contenders that a sentence names

constexpr const char* how_far_that_goes =
    "Detectors are called equal where DeLong's 95 % interval of the paired difference holds 0. "
    "That "
    "is about the rows of this run: another network, or other unknown inputs, may order them "
    "otherwise, and whoever picks the best of many on test rows will find it a little worse on new "
    "ones. Choose on rows of your own that are kept for it, and prefer a detector that is good on "
    "every set to one that leads on some.";

const evaluation::DetectorCost* cost_of(const Findings& findings, const std::string& detector) {
  const auto& costs = findings.results().costs;
  const auto found = std::ranges::find(costs, detector, &evaluation::DetectorCost::detector);
  return found == costs.end() ? nullptr : &*found;
}

Html listing(const std::vector<std::string>& detectors) {
  Html out;
  const std::size_t shown = std::min(listed, detectors.size());
  for (std::size_t d = 0; d < shown; ++d) {
    const bool last = d + 1 == detectors.size();
    if (d > 0) out += last ? " and " : ", ";
    out += code(detectors[d]);
  }
  if (shown < detectors.size()) out += text(" and ", detectors.size() - shown, " more");
  return out;
}

// Those of the leading detectors that need one pass of the network and nothing else, the cheapest of them.
const evaluation::DetectorCost* cheapest(const Findings& findings,
                                         const std::vector<std::string>& leading) {
  const evaluation::DetectorCost* out = nullptr;
  for (const std::string& detector : leading) {
    const evaluation::DetectorCost* cost = cost_of(findings, detector);
    if (!cost || !cost->arrays.empty()) continue;
    if (!out || cost->operations < out->operations) out = cost;
  }
  return out;
}

Html about_role(const Findings& findings, const std::string& role) {
  const std::vector<std::string> leading = contenders(findings, role);
  if (leading.empty()) return {};
  const std::string& best = leading.front();
  Html out = Html("On " + role + " OOD ") + code(best) + " leads with a mean AUROC of " +
             per_cent(findings.of_role(best, role, "auroc")->value) + " %. ";
  if (leading.size() == 1) {
    out += "No other comes so close that these rows could not tell them apart. ";
  } else {
    out += "These rows cannot tell it from " + listing({leading.begin() + 1, leading.end()}) + ". ";
    if (const auto* cost = cheapest(findings, leading); cost && cost->detector != best) {
      out += Html("The cheapest of these is ") + code(cost->detector) + ". ";
    }
  }
  return out;
}

Html advice(const Findings& findings) {
  Html out;
  for (const std::string& role : findings.ood_roles()) out += about_role(findings, role);
  if (out.empty()) return {};
  return tag("p", out) + tag("p", how_far_that_goes);
}

// Detectors that no cheaper one beats.
std::vector<ScatterPoint> cost_points(const Findings& findings) {
  std::vector<ScatterPoint> points;
  for (const std::string& detector : findings.best_first()) {
    const evaluation::DetectorCost* cost = cost_of(findings, detector);
    const auto* row = findings.of_role(detector, findings.ranked_by(), "auroc");
    if (!cost || !row) continue;
    points.push_back({.name = detector,
                      .x = std::max(1.0, cost->operations),
                      .y = 100 * row->value,
                      .hollow = !cost->arrays.empty()});
  }
  double best = -1;
  std::vector<ScatterPoint*> by_cost;
  for (ScatterPoint& point : points) {
    if (!point.hollow) by_cost.push_back(&point);
  }
  std::ranges::stable_sort(by_cost, [](const ScatterPoint* a, const ScatterPoint* b) {
    return a->x != b->x ? a->x < b->x : a->y > b->y;
  });
  for (ScatterPoint* point : by_cost) {
    if (point->y <= best) continue;
    best = point->y;
    point->named = true;
  }
  return points;
}

// A few that fail would leave all others no room: of many, the worst quarter is not drawn.
std::size_t leave_out_the_worst(std::vector<ScatterPoint>& points) {
  if (points.size() <= charted_detectors) return 0;
  std::ranges::stable_sort(points, std::ranges::greater(), &ScatterPoint::y);
  const std::size_t left_out = points.size() / 4;
  points.resize(points.size() - left_out);
  return left_out;
}

Html cost_figure(const Findings& findings) {
  std::vector<ScatterPoint> points = cost_points(findings);
  const std::size_t left_out = leave_out_the_worst(points);
  std::string words = "Mean " + findings.ranked_by() + " AUROC over operations a row.";
  bool hollow = false;
  for (const ScatterPoint& point : points) {
    hollow = hollow || point.hollow;
    if (point.named) {
      words +=
          " " + point.name + ": " + short_number(point.y) + " % for " + short_number(point.x) + ".";
    }
  }
  const Html chart = scatter_chart(points, {"operations a row, network not counted", true},
                                   {"mean " + findings.ranked_by() + " AUROC in per cent"}, words);
  if (chart.empty()) return {};
  std::string note = "Named: those that no cheaper one beats.";
  if (left_out > 0) note += text(" The ", left_out, " worst are not drawn.");
  if (hollow) {
    note += " Circles read arrays of further passes through the network, which are not counted.";
  }
  return tag("figure", tag("figcaption", Html("Cost against AUROC") + tag("small", note)) + chart);
}

// The place of each detector on each OOD set by AUROC, 1 the best; equal ones share the mean of theirs.
std::vector<DotRow> ranks(const Findings& findings) {
  std::vector<DotRow> rows;
  for (const std::string& detector : findings.best_first()) rows.push_back({.name = detector});
  for (const std::string& role : findings.ood_roles()) {
    for (const evaluation::SetInfo& set : findings.sets(role)) {
      std::vector<double> negative;
      for (const DotRow& row : rows) {
        const auto* found = findings.find(row.name, set.name, role, "auroc");
        if (!found) return {};
        negative.push_back(-found->value);
      }
      const auto places = metrics::mid_ranks(Array({negative.size()}, negative));
      for (std::size_t d = 0; d < rows.size(); ++d) rows[d].others.push_back(places[d]);
    }
  }
  for (DotRow& row : rows) {
    for (const double place : row.others)
      row.value += place / static_cast<double>(row.others.size());
    row.words = tick_text(row.value, 0.1);
  }
  std::ranges::stable_sort(rows, {}, &DotRow::value);
  return rows;
}

Html rank_figure(const Findings& findings) {
  std::vector<DotRow> rows = ranks(findings);
  const std::size_t all = rows.size();
  if (all < 2) return {};
  std::string words = "Mean place by AUROC over the OOD sets.";
  if (rows.size() > ranked_detectors) rows.resize(ranked_detectors);
  for (const DotRow& row : rows) words += " " + row.name + ": " + row.words + ".";
  const std::string shown =
      rows.size() == all ? "" : text(" The first ", rows.size(), " of ", all, ".");
  const Html note = "Large dots and numbers: the mean; small dots: each set." + shown;
  return tag("figure", tag("figcaption",
                           Html("Place among the detectors, 1 is the best") + tag("small", note)) +
                           dot_chart(rows, {1, static_cast<double>(all)}, words));
}

Html correlations(const Findings& findings) {
  const std::vector<std::string>& detectors = findings.charted();
  if (detectors.size() < 2) return {};
  std::vector<std::vector<double>> ranks_of;
  for (const std::string& detector : detectors) {
    std::vector<double> scores;
    for (const evaluation::SetInfo& set : findings.results().sets) {
      const auto more = findings.scores(detector, set.name);
      scores.insert(scores.end(), more.begin(), more.end());
    }
    ranks_of.push_back(metrics::mid_ranks(Array({scores.size()}, scores)));
  }
  std::vector<Heading> headings = {{"detector"}};
  Html body;
  for (std::size_t a = 0; a < detectors.size(); ++a) {
    headings.push_back({text(a + 1), true});
    Html line = tag("th", {{"scope", "row"}}, Html(text(a + 1, " ")) + code(detectors[a]));
    for (std::size_t b = 0; b < detectors.size(); ++b) {
      const double r = metrics::correlation(ranks_of[a], ranks_of[b]);
      const HeatColour colour = heat_colour(0.5 + r / 2);
      line += tag("td", {{"style", "background:" + colour.background + ";color:" + colour.text}},
                  per_cent(r, 0));
    }
    body += tag("tr", line);
  }
  const Html words =
      "Spearman's rank correlation of the scores over all rows, ID and OOD, in per cent. Two that "
      "agree almost wholly make the same mistakes: a second one adds nothing, nor does their mean. "
      "Shown: " +
      charted_words(findings) + ".";
  return tag("details",
             tag("summary", "Which detectors say the same") + tag("p", words) +
                 tag("div", {{"class", "heat"}}, table("", tag("tr", head_cells(headings)), body)));
}

}  // namespace

Html choice_section(const Findings& findings) {
  if (findings.results().detectors.size() < 2) return {};
  const Html figures = cost_figure(findings) + rank_figure(findings);
  Html out = advice(findings);
  if (!figures.empty()) out += tag("div", {{"class", "panels pairs"}}, figures);
  return out + correlations(findings);
}

}  // namespace nescio::report
