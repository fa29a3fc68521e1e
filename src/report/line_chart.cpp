#include "report/line_chart.h"

#include <algorithm>

namespace nescio::report {
namespace {

constexpr double width = 440, height = 290;
constexpr double left = 46, top = 44, base = height - 46;
constexpr std::size_t longest_name = 18;
constexpr double letter_width = 7;

}  // namespace

Html line_chart(const std::vector<LineSeries>& series, const AxisInfo& x_info,
                const AxisInfo& y_info, const std::string& words,
                const std::optional<LineMark>& mark) {
  std::vector<LineSeries> shown;
  std::vector<double> xs, ys;
  std::size_t letters = 0;
  for (LineSeries one : series) {
    std::erase_if(one.points,
                  [&](const Point& p) { return !x_info.shows(p.x) || !y_info.shows(p.y); });
    if (one.points.empty()) continue;
    for (const Point& p : one.points) xs.push_back(p.x), ys.push_back(p.y);
    letters = std::max(letters, std::min(longest_name, one.name.size()));
    shown.push_back(std::move(one));
  }
  if (xs.size() < 2) return {};
  const double right = width - 12 - letter_width * static_cast<double>(letters);
  const auto [x_low, x_high] = std::ranges::minmax(xs);
  const auto [y_low, y_high] = std::ranges::minmax(ys);
  const ChartAxis x(x_info, x_low, x_high, left, right), y(y_info, y_low, y_high, base, top);

  Html out = grid(x, y);
  if (mark && x_info.shows(mark->at) && mark->at >= x_low && mark->at <= x_high) {
    const double at = x(mark->at);
    const bool before = at > (left + right) / 2;
    out += line({at, top - 6}, {at, base}, "mark");
    out += label({at + (before ? -4 : 4), top - 8}, mark->words, "note", before ? "end" : "start");
  }
  std::vector<std::pair<double, const LineSeries*>> ends;
  for (const LineSeries& one : shown) {
    std::vector<Point> points;
    for (const Point& p : one.points) points.push_back({x(p.x), y(p.y)});
    out += path(points, "curve " + one.style);
    const auto end = std::ranges::max_element(points, {}, &Point::x);  // names stand at the right
    ends.emplace_back(end->y, &one);
  }
  std::ranges::stable_sort(ends, {}, &std::pair<double, const LineSeries*>::first);
  std::vector<double> wanted;
  for (const auto& end : ends) wanted.push_back(end.first);
  const std::vector<double> places = spread(wanted, 14, top, base);
  std::vector<std::string> names;
  for (const auto& end : ends) names.push_back(end.second->name);
  names = shorten_all(names, longest_name);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    out += label({right + 6, places[i] + 4}, names[i], "name " + ends[i].second->style);
  }
  return drawing(width, height, words, out);
}

}  // namespace nescio::report
