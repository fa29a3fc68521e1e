#include "report/dot_chart.h"

#include <algorithm>
#include <cmath>

#include "report/svg.h"

namespace nescio::report {
namespace {

constexpr double width = 440, row_height = 21, top = 16;
constexpr double letter_width = 8.4;  // of a bold name, generously
constexpr std::size_t longest_name = 18;

double longest(const std::vector<std::string>& words) {
  std::size_t letters = 4;
  for (const std::string& one : words) letters = std::max(letters, one.size());
  return letter_width * static_cast<double>(letters);
}

}  // namespace

DotAxis axis_around(const std::vector<DotRow>& rows) {
  double low = rows.front().value, high = low;
  const auto include = [&](double from, double to) {
    low = std::min(low, from);
    high = std::max(high, to);
  };
  for (const DotRow& row : rows) {
    include(row.value, row.value);
    for (const double other : row.others) include(other, other);
    for (const auto& bounds : {row.bounds, row.further}) {
      if (bounds) include(bounds->lower, bounds->upper);
    }
  }
  if (high == low) return {low - 0.5, high + 0.5};
  const std::vector<double> round = ticks(low, high, 5);
  const double step = round.size() > 1 ? round[1] - round[0] : high - low;
  return {std::floor(low / step) * step, std::ceil(high / step) * step};
}

Html dot_chart(const std::vector<DotRow>& rows, const DotAxis& axis_of, const std::string& words) {
  std::vector<std::string> names, ends;
  for (const DotRow& row : rows) {
    names.push_back(row.name);
    ends.push_back(row.words);
  }
  names = shorten_all(names, longest_name);
  const double left = 16 + longest(names);
  const double right = 10 + longest(ends);
  const double height = top + row_height * static_cast<double>(rows.size()) + 44;
  const Scale x{axis_of.from, axis_of.to, left, width - right};
  const double base = height - 40;
  Html out;
  for (const double tick : ticks(x.from, x.to, 6)) {
    out += line({x(tick), top - 6}, {x(tick), base}, "grid");
  }
  out += axis(x, base, 6);
  if (axis_of.mark) out += line({x(*axis_of.mark), top - 6}, {x(*axis_of.mark), base}, "mark");
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const double y = top + row_height * (static_cast<double>(r) + 0.5);
    const auto whisker = [&](const std::optional<metrics::Bounds>& bounds, const char* style) {
      if (bounds) out += line({x(bounds->lower), y}, {x(bounds->upper), y}, style);
    };
    out += label({left - 10, y + 4}, names[r], "name", "end");
    for (const double other : rows[r].others) out += dot({x(other), y}, 2.5, "other");
    whisker(rows[r].further, "reach");
    whisker(rows[r].bounds, "whisker");
    out += dot({x(rows[r].value), y}, 4.5, "first");
    out += label({width - right + 12, y + 4}, rows[r].words, "name first");
  }
  return drawing(width, height, words, out);
}

}  // namespace nescio::report
