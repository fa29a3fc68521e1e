#include "report/density_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/svg.h"

namespace nescio::report {
namespace {

constexpr double width = 340, height = 170;
constexpr double top = 34, base = 140;
constexpr std::size_t bins = 48;
constexpr double clipped_tail = 0.005;  // of all rows, on each side of the axis

using Density = std::vector<double>;  // per bin; the area of all bins is the share inside the axis

// The values between the outermost half per cent of each kind, so that one wild row (or one large
// set) does not squeeze everything else into a bin.
std::pair<double, double> robust_range(std::vector<Distribution>& parts) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (Distribution& part : parts) {
    std::ranges::sort(part.values);
    const auto tail =
        static_cast<std::size_t>(clipped_tail * static_cast<double>(part.values.size()));
    low = std::min(low, part.values[tail]);
    high = std::max(high, part.values[part.values.size() - 1 - tail]);
  }
  if (low == high) {
    constexpr double largest = std::numeric_limits<double>::max();
    const double half = std::max(0.5, std::abs(low) / 1024);
    low = std::max(low - half, -largest);
    high = std::min(high + half, largest);
  }
  return {low, high};
}

Density density_of(const Distribution& part, double low, double high) {
  Density density(bins);
  const double each = static_cast<double>(bins) / static_cast<double>(part.values.size());
  const Scale bin{low, high, 0, static_cast<double>(bins)};
  for (const double value : part.values) {
    if (value < low || value > high) continue;
    density[std::min(static_cast<std::size_t>(bin(value)), bins - 1)] += each;
  }
  return density;
}

double share_outside(const std::vector<Distribution>& parts, double low, double high) {
  double out = 0, all = 0;
  for (const Distribution& part : parts) {
    const auto inside =
        std::ranges::upper_bound(part.values, high) - std::ranges::lower_bound(part.values, low);
    all += static_cast<double>(part.values.size());
    out += static_cast<double>(part.values.size()) - static_cast<double>(inside);
  }
  return out / all;
}

std::vector<Point> steps(const Density& density, const Scale& x, const Scale& y) {
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
Html names(const std::vector<Distribution>& parts, const std::vector<Density>& densities,
           const Scale& x) {
  std::vector<std::pair<double, const Distribution*>> at;
  std::size_t letters = 0;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const auto peak = std::ranges::max_element(densities[p]) - densities[p].begin();
    at.emplace_back(x(static_cast<double>(peak) + 0.5), &parts[p]);
    letters = std::max(letters, parts[p].name.size());
  }
  std::ranges::stable_sort(at, {}, &std::pair<double, const Distribution*>::first);
  std::vector<double> wanted;
  for (const auto& [place, part] : at) wanted.push_back(place);
  const double room = 6 + 7 * static_cast<double>(letters);
  const std::vector<double> places = spread(wanted, room, room / 2, width - room / 2);
  Html out;
  for (std::size_t i = 0; i < at.size(); ++i) {
    out += label({places[i], top - 8}, at[i].second->name, "name " + at[i].second->style, "middle");
  }
  return out;
}

}  // namespace

DensityChart density_chart(std::vector<Distribution> parts, const std::string& words,
                           const std::optional<DensityMark>& mark) {
  const auto [low, high] = robust_range(parts);
  std::vector<Density> densities;
  double highest = 0;
  for (const Distribution& part : parts) {
    densities.push_back(density_of(part, low, high));
    highest = std::max(highest, std::ranges::max(densities.back()));
  }
  const Scale value{low, high, 8, width - 8};
  const Scale bin{0, static_cast<double>(bins), 8, width - 8};
  const Scale y{0, highest, base, top};
  Html chart = area(steps(densities[0], bin, y), base, parts[0].style + " filled");
  for (std::size_t p = 0; p < parts.size(); ++p) {
    chart += path(steps(densities[p], bin, y), "curve " + parts[p].style);
  }
  if (mark) {
    const double at = std::clamp(value(mark->at), value.start, value.end);
    chart += line({at, 14}, {at, base}, "mark");
    const bool left = at > width / 2;
    chart += label({at + (left ? -4 : 4), 10}, left ? mark->at_left : mark->at_right, "note",
                   left ? "end" : "start");
  }
  chart += names(parts, densities, bin) + axis(value, base, 5);
  return {drawing(width, height, words, chart), share_outside(parts, low, high)};
}

}  // namespace nescio::report
