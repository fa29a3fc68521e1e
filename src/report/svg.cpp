#include "report/svg.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace nescio::report {
namespace {

// A tenth of a unit is finer than a screen; "12", not "12.0", and never "-0".
std::string units(double value) {
  const double tenths = std::round(value * 10) / 10;
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, tenths == std::floor(tenths) ? "%.0f" : "%.1f",
                tenths == 0 ? 0 : tenths);
  return buffer;
}

std::string outline(std::span<const Point> points) {
  std::string out;
  for (const Point& p : points) {
    out += (out.empty() ? 'M' : 'L') + units(p.x) + ' ' + units(p.y);
  }
  return out;
}

}  // namespace

Html drawing(double width, double height, const std::string& words, const Html& content) {
  return tag("svg",
             {{"viewBox", "0 0 " + units(width) + ' ' + units(height)},
              {"role", "img"},
              {"aria-label", words}},
             content);
}

Html line(Point from, Point to, std::string_view style) {
  return empty_tag("line", {{"x1", units(from.x)},
                            {"y1", units(from.y)},
                            {"x2", units(to.x)},
                            {"y2", units(to.y)},
                            {"class", std::string(style)}});
}

Html path(std::span<const Point> points, std::string_view style) {
  return empty_tag("path", {{"d", outline(points)}, {"class", std::string(style)}});
}

Html area(std::span<const Point> points, double base, std::string_view style) {
  std::vector<Point> closed(points.begin(), points.end());
  if (!closed.empty()) {
    closed.push_back({points.back().x, base});
    closed.push_back({points.front().x, base});
  }
  return empty_tag("path", {{"d", outline(closed) + 'Z'}, {"class", std::string(style)}});
}

Html dot(Point centre, double radius, std::string_view style) {
  return empty_tag("circle", {{"cx", units(centre.x)},
                              {"cy", units(centre.y)},
                              {"r", units(radius)},
                              {"class", std::string(style)}});
}

Html label(Point at, const std::string& words, std::string_view style, std::string_view anchor) {
  return tag("text",
             {{"x", units(at.x)},
              {"y", units(at.y)},
              {"text-anchor", std::string(anchor)},
              {"class", std::string(style)}},
             words);
}

std::vector<double> ticks(double from, double to, std::size_t count) {
  if (!(to > from) || count == 0) return {};
  const double rough = to / static_cast<double>(count) - from / static_cast<double>(count);
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5, 2, 1}) {
    if (factor * power >= rough * (1 - 1e-9)) step = factor * power;
  }
  const double first = std::ceil(from / step - 1e-9), last = std::floor(to / step + 1e-9);
  constexpr double whole = 9007199254740992.0;  // 2^53: beyond it k + 1 may be k
  if (!(std::abs(first) < whole && std::abs(last) < whole)) return {};
  std::vector<double> out;
  for (double k = first; k <= last; ++k) out.push_back(k == 0 ? 0 : k * step);
  return out;
}

std::string tick_text(double value, double step) {
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  char buffer[64];
  if (decimals > 5 || std::abs(value) >= 1e6) {
    std::snprintf(buffer, sizeof buffer, "%.3g", std::abs(value));
  } else {
    std::snprintf(buffer, sizeof buffer, "%.*f", decimals, std::abs(value));
  }
  return (value < 0 ? "-" : "") + std::string(buffer);
}

Html axis(const Scale& x, double y, std::size_t count) {
  // Numbers at the ends are moved inwards rather than cut off: no chart has less beside its axis.
  constexpr double margin = 8, letter = 6.6;
  Html out = line({x.start, y}, {x.end, y}, "axis");
  const std::vector<double> at = ticks(x.from, x.to, count);
  const double step = at.size() > 1 ? at[1] - at[0] : 1;
  for (const double value : at) {
    const std::string number = tick_text(value, step);
    const double half = letter / 2 * static_cast<double>(number.size());
    const double centre = std::clamp(x(value), x.start - margin + half, x.end + margin - half);
    out += line({x(value), y}, {x(value), y + 4}, "axis");
    out += label({centre, y + 16}, number, "tick", "middle");
  }
  return out;
}

std::vector<double> spread(std::vector<double> wanted, double gap, double low, double high) {
  double floor = low;
  for (double& at : wanted) {
    at = std::max(at, floor);
    floor = at + gap;
  }
  double ceiling = high;
  for (auto at = wanted.rbegin(); at != wanted.rend(); ++at) {
    *at = std::min(*at, ceiling);
    ceiling = *at - gap;
  }
  return wanted;
}

}  // namespace nescio::report
