// ROC curves: a panel per OOD set, the best detectors named, the others grey.
#include <algorithm>
#include <array>
#include <span>

#include "metrics/curves.h"
#include "report/sections.h"
#include "report/svg.h"

namespace nescio::report {
namespace {

constexpr double width = 340, height = 330;
constexpr std::size_t named = 3;
constexpr std::array<const char*, named> styles = {"first", "second", "third"};

// The curve from (0, 0): share of ID flagged, share of OOD caught, the threshold falling. Points
// nearer than half a unit to the one before are left out.
std::vector<Point> roc(const metrics::Ranking& ranking, const Scale& x, const Scale& y) {
  std::vector<Point> out = {{x(0), y(0)}};
  double flagged = 0, caught = 0;
  for (auto step = ranking.steps.rbegin(); step != ranking.steps.rend(); ++step) {
    flagged += step->id;
    caught += step->ood;
    const Point p{x(flagged / static_cast<double>(ranking.id_count)),
                  y(caught / static_cast<double>(ranking.ood_count))};
    const bool last = step + 1 == ranking.steps.rend();
    if (last || p.x - out.back().x + out.back().y - p.y >= 1) out.push_back(p);
  }
  return out;
}

Html axes(const Scale& x, const Scale& y) {
  Html out;
  for (const double share : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    out += line({x(share), y.start}, {x(share), y.end}, "grid");
    out += line({x.start, y(share)}, {x.end, y(share)}, "grid");
    out += label({x(share), y.start + 16}, per_cent(share, 0), "tick", "middle");
    out += label({x.start - 6, y(share) + 4}, per_cent(share, 0), "tick", "end");
  }
  out += line({x(0), y(0)}, {x(1), y(1)}, "chance");
  out += label({x.end, y.start + 32}, "% of id flagged", "note", "end");
  out += label({x.start - 30, y.end - 10}, "% of OOD caught", "note");
  return out;
}

struct Curve {
  std::string detector;
  metrics::Ranking ranking;
  double area;
};

// Those of the charted detectors for a set, the largest area first.
std::vector<Curve> curves(const Findings& findings, const evaluation::SetInfo& set) {
  const evaluation::SetInfo id = findings.sets("id").front();
  std::vector<Curve> out;
  for (const std::string& detector : findings.charted()) {
    const auto id_scores = findings.scores(detector, id.name);
    const auto ood_scores = findings.scores(detector, set.name);
    metrics::Ranking ranking = metrics::rank(std::span(id_scores), std::span(ood_scores));
    const double area = metrics::auroc(ranking);
    out.push_back({detector, std::move(ranking), area});
  }
  std::ranges::stable_sort(out, std::ranges::greater(), &Curve::area);
  return out;
}

Html roc_panel(const Findings& findings, const evaluation::SetInfo& set) {
  const Scale x{0, 1, 36, width - 14};
  const Scale y{0, 1, height - 40, 24};
  Html others, best, names;
  std::string words = "ROC curves for " + set.name + ".";
  const std::vector<Curve> drawn = curves(findings, set);
  std::vector<std::string> short_names;
  for (std::size_t d = 0; d < std::min(named, drawn.size()); ++d) {
    short_names.push_back(drawn[d].detector);
  }
  short_names = shorten_all(short_names, 26);
  for (std::size_t d = 0; d < drawn.size(); ++d) {
    const std::vector<Point> points = roc(drawn[d].ranking, x, y);
    if (d >= named) {
      others += path(points, "curve other");
      continue;
    }
    const std::string area = per_cent(drawn[d].area, 1);
    best = path(points, text("curve ", styles[d])) + best;  // the first on top
    const double at = y(0) - 12 - 18 * static_cast<double>(named - 1 - d);
    names += line({x(1) - 24, at - 4}, {x(1) - 4, at - 4}, text("curve ", styles[d]));
    names += label({x(1) - 30, at}, short_names[d] + "  " + area, text("name ", styles[d]), "end");
    words += " " + drawn[d].detector + ": AUROC " + area + " %.";
    if (d == 0) {
      const double caught = 1 - metrics::fpr_at_tpr(drawn[d].ranking, 0.95, metrics::Positive::id);
      best += dot({x(0.05), y(caught)}, 4, "first");
    }
  }
  const Html chart =
      axes(x, y) + line({x(0.05), y(0)}, {x(0.05), y(1)}, "mark") + others + best + names;
  const Html caption =
      Html(set.name) + tag("small", set.role + ", " + thousands(set.rows) + " rows");
  return tag("figure", tag("figcaption", caption) + drawing(width, height, words, chart));
}

}  // namespace

Html roc_section(const Findings& findings) {
  if (findings.charted().empty()) return {};
  Html panels;
  for (const std::string& role : findings.ood_roles()) {
    for (const evaluation::SetInfo& set : findings.sets(role)) panels += roc_panel(findings, set);
  }
  const Html words =
      "Every threshold at once: how much of an OOD set is caught against how much of the ID set is "
      "flagged for it. The number behind a name is its AUROC in per cent; the vertical line and "
      "the dot stand where 95 % of the ID rows are kept; the diagonal is chance. Every panel "
      "names its own best three, the best in blue; grey lines are the others. Shown: " +
      charted_words(findings) + ".";
  return tag("p", words) + tag("div", {{"class", "panels"}}, panels);
}

}  // namespace nescio::report
