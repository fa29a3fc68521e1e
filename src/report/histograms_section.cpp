// How scores are distributed: a panel per detector, ID against near and far.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "report/sections.h"
#include "report/svg.h"

namespace nescio {
namespace {

constexpr double width = 340, height = 170;
constexpr double top = 34, base = 140;
constexpr std::size_t bins = 48;
constexpr double clipped_tail = 0.005;  // of all rows, on each side of the axis

struct Distribution {
  std::string role;
  std::vector<double> scores;
  std::vector<double> density = {};  // per bin; the area of all bins is the share inside the axis
};

// The scores between the outermost half per cent of each role, so that one wild row (or one large
// set) does not squeeze everything else into a bin.
std::pair<double, double> robust_range(std::vector<Distribution>& parts) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (Distribution& part : parts) {
    std::ranges::sort(part.scores);
    const auto tail =
        static_cast<std::size_t>(clipped_tail * static_cast<double>(part.scores.size()));
    low = std::min(low, part.scores[tail]);
    high = std::max(high, part.scores[part.scores.size() - 1 - tail]);
  }
  if (low == high) low -= 0.5, high += 0.5;
  return {low, high};
}

void count(Distribution& part, double low, double high) {
  part.density.assign(bins, 0);
  const double each = static_cast<double>(bins) / static_cast<double>(part.scores.size());
  for (const double score : part.scores) {
    if (score < low || score > high) continue;
    const double place = (score - low) / (high - low) * static_cast<double>(bins);
    part.density[std::min(static_cast<std::size_t>(place), bins - 1)] += each;
  }
}

double share_outside(const std::vector<Distribution>& parts, double low, double high) {
  double out = 0, all = 0;
  for (const Distribution& part : parts) {
    const auto inside =
        std::ranges::upper_bound(part.scores, high) - std::ranges::lower_bound(part.scores, low);
    all += static_cast<double>(part.scores.size());
    out += static_cast<double>(part.scores.size()) - static_cast<double>(inside);
  }
  return out / all;
}

std::vector<Point> steps(const std::vector<double>& density, const Scale& x, const Scale& y) {
  std::vector<Point> out = {{x(0), y(0)}};
  for (std::size_t b = 0; b < bins; ++b) {
    const auto left = static_cast<double>(b);
    out.push_back({x(left), y(density[b])});
    out.push_back({x(left + 1), y(density[b])});
  }
  out.push_back({x(static_cast<double>(bins)), y(0)});
  return out;
}

// The names of the curves above their highest bins, side by side.
Html names(const std::vector<Distribution>& parts, const Scale& x) {
  std::vector<std::pair<double, std::string>> at;
  for (const Distribution& part : parts) {
    const auto peak = std::ranges::max_element(part.density) - part.density.begin();
    at.emplace_back(x(static_cast<double>(peak) + 0.5), part.role);
  }
  std::ranges::sort(at);
  std::vector<double> wanted;
  for (const auto& [place, role] : at) wanted.push_back(place);
  const std::vector<double> places = spread(wanted, 34, 16, width - 16);
  Html out;
  for (std::size_t i = 0; i < at.size(); ++i) {
    out += label({places[i], top - 8}, at[i].second, "name " + at[i].second, "middle");
  }
  return out;
}

Html panel(const Findings& findings, const std::string& detector) {
  const SetInfo id = findings.sets("id").front();
  std::vector<Distribution> parts = {{"id", findings.scores(detector, id.name)}};
  for (const std::string& role : findings.ood_roles()) {
    parts.push_back({role, findings.role_scores(detector, role)});
  }
  const double threshold = threshold_keeping_95(parts[0].scores);
  auto [low, high] = robust_range(parts);
  double highest = 0;
  for (Distribution& part : parts) {
    count(part, low, high);
    highest = std::max(highest, std::ranges::max(part.density));
  }

  const Scale score{low, high, 8, width - 8};
  const Scale bin{0, static_cast<double>(bins), 8, width - 8};
  const Scale y{0, highest, base, top};
  Html chart = area(steps(parts[0].density, bin, y), base, "id filled");
  for (const Distribution& part : parts) {
    chart += path(steps(part.density, bin, y), "curve " + part.role);
  }
  const double mark = std::clamp(score(threshold), score.start, score.end);
  chart += line({mark, 14}, {mark, base}, "mark");
  const bool left = mark > width / 2;
  chart +=
      label({mark + (left ? -4 : 4), 10}, left ? "95 % of id kept \u2190" : "\u2192 5 % flagged",
            "note", left ? "end" : "start");
  chart += names(parts, bin) + axis(score, base, 5);

  std::string words = "Score distributions of " + detector + ". The threshold that keeps 95 % of " +
                      id.name + " is " + short_number(threshold) + ".";
  const double outside = share_outside(parts, low, high);
  Html caption = code(detector);
  if (outside > 0) {
    caption += tag("small", per_cent(outside, 1) + " % of the rows lie outside the axis");
  }
  return tag("figure", tag("figcaption", caption) + drawing(width, height, words, chart));
}

}  // namespace

Html histograms_section(const Findings& findings) {
  Html panels;
  for (const std::string& detector : findings.charted()) panels += panel(findings, detector);
  if (panels.empty()) return {};
  const Html words =
      "Shares of rows by score: the further apart id and OOD lie, the better. Every curve has the "
      "same area whatever its number of rows; near and far are all sets of the role together. "
      "The vertical line is the threshold that keeps 95 % of the id rows; what lies right of it "
      "is flagged. Shown: " +
      charted_words(findings) + ".";
  return tag("p", words) + tag("div", {{"class", "panels"}}, panels);
}

}  // namespace nescio
