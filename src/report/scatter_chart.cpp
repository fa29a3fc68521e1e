#include "report/scatter_chart.h"

#include <algorithm>
#include <optional>

namespace nescio::report {
namespace {

constexpr double width = 560, height = 340;
constexpr double left = 46, right = width - 20, top = 44, base = height - 46;
constexpr double letter_width = 7, letter_height = 13, gap = 9;
constexpr std::size_t longest_name = 24;

struct Box {
  double left, top, right, bottom;
  bool meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

/// Where a name can stand: its box and the end of it that the point is at.
struct Place {
  Box box;
  std::string anchor;
};

// Beside the point where there is room, else above or below it.
std::optional<Place> free_place(Point at, double length, const std::vector<Box>& taken) {
  for (const double down : {0.0, -letter_height, letter_height}) {
    for (const bool before : {false, true}) {
      const double start = before ? at.x - gap - length : at.x + gap;
      const Box box{start, at.y + down - letter_height / 2, start + length,
                    at.y + down + letter_height / 2};
      const auto meets = [&](const Box& other) { return box.meets(other); };
      if (box.left < left || box.right > width || std::ranges::any_of(taken, meets)) continue;
      return Place{box, before ? "end" : "start"};
    }
  }
  return {};
}

}  // namespace

Html scatter_chart(std::vector<ScatterPoint> points, const AxisInfo& x_info, const AxisInfo& y_info,
                   const std::string& words) {
  std::erase_if(points,
                [&](const ScatterPoint& p) { return !x_info.shows(p.x) || !y_info.shows(p.y); });
  if (points.size() < 2) return {};
  const auto [x_low, x_high] = std::ranges::minmax(points, {}, &ScatterPoint::x);
  const auto [y_low, y_high] = std::ranges::minmax(points, {}, &ScatterPoint::y);
  const ChartAxis x(x_info, x_low.x, x_high.x, left + gap, right - gap);
  const ChartAxis y(y_info, y_low.y, y_high.y, base - gap, top + gap);

  Html dots, names;
  std::vector<Box> taken;
  for (const ScatterPoint& p : points) {
    const Point at{x(p.x), y(p.y)};
    taken.push_back({at.x - 4, at.y - 4, at.x + 4, at.y + 4});
    dots += dot(at, 4,
                p.named ? (p.hollow ? "hollow first" : "first") : (p.hollow ? "hollow" : "other"));
  }
  std::vector<std::string> short_names;
  for (const ScatterPoint& p : points) short_names.push_back(p.named ? p.name : "");
  short_names = shorten_all(short_names, longest_name);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!points[i].named) continue;
    const std::string& name = short_names[i];
    const Point at{x(points[i].x), y(points[i].y)};
    const auto place = free_place(at, letter_width * static_cast<double>(name.size()), taken);
    if (!place) continue;  // the words and the table have it
    taken.push_back(place->box);
    names +=
        label({place->anchor == "end" ? place->box.right : place->box.left, place->box.bottom - 2},
              name, "name first", place->anchor);
  }
  return drawing(width, height, words, grid(x, y) + dots + names);
}

}  // namespace nescio::report
