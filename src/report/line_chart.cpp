#include "report/line_chart.h"

#include <algorithm>
#include <cmath>

#include "base/numbers.h"
#include "base/text.h"

namespace nescio::report {
namespace {

constexpr double width = 440, height = 290;
constexpr double left = 46, top = 44, base = height - 46;
constexpr std::size_t longest_name = 18;
constexpr double letter_width = 7;

/// One dimension of the chart: from values to units of the drawing.
class Axis {
 public:
  Axis(const LineAxis& info, double low, double high, double start, double end)
      : logarithmic_(info.logarithmic), scale_{at(low), at(high), start, end} {
    if (scale_.from == scale_.to) scale_.from -= 0.5, scale_.to += 0.5;
    if (!logarithmic_) {
      values_ = ticks(scale_.from, scale_.to, 5);
      return;
    }
    const double powers = scale_.to - scale_.from;
    if (powers < 1) {  // as good as linear
      values_ = ticks(low, high, 5);
      return;
    }
    for (double power = std::floor(scale_.from); power <= scale_.to; ++power) {
      for (const double factor :
           powers > 2.5 ? std::vector<double>{1} : std::vector<double>{1, 2, 5}) {
        const double value = factor * std::pow(10, power);
        if (at(value) >= scale_.from && at(value) <= scale_.to) values_.push_back(value);
      }
    }
  }

  double operator()(double value) const { return scale_(at(value)); }
  bool shows(double value) const { return std::isfinite(at(value)); }
  const std::vector<double>& ticks_at() const { return values_; }
  std::string text_of(double value) const {
    if (logarithmic_ || values_.size() < 2) return short_number(value);
    return tick_text(value, values_[1] - values_[0]);
  }

 private:
  double at(double value) const { return logarithmic_ ? std::log10(value) : value; }

  bool logarithmic_;
  Scale scale_;
  std::vector<double> values_;
};

bool drawn(const LineAxis& axis, double value) {
  return std::isfinite(value) && (!axis.logarithmic || value > 0);
}

}  // namespace

Html line_chart(const std::vector<LineSeries>& series, const LineAxis& x_info,
                const LineAxis& y_info, const std::string& words,
                const std::optional<LineMark>& mark) {
  std::vector<LineSeries> shown;
  std::vector<double> xs, ys;
  std::size_t letters = 0;
  for (LineSeries one : series) {
    std::erase_if(one.points,
                  [&](const Point& p) { return !drawn(x_info, p.x) || !drawn(y_info, p.y); });
    if (one.points.empty()) continue;
    for (const Point& p : one.points) xs.push_back(p.x), ys.push_back(p.y);
    letters = std::max(letters, std::min(longest_name, one.name.size()));
    shown.push_back(std::move(one));
  }
  if (xs.size() < 2) return {};
  const double right = width - 12 - letter_width * static_cast<double>(letters);
  const auto [x_low, x_high] = std::ranges::minmax(xs);
  const auto [y_low, y_high] = std::ranges::minmax(ys);
  const Axis x(x_info, x_low, x_high, left, right), y(y_info, y_low, y_high, base, top);

  Html out;
  for (const double value : x.ticks_at()) {
    out += line({x(value), top}, {x(value), base}, "grid");
    out += label({x(value), base + 16}, x.text_of(value), "tick", "middle");
  }
  for (const double value : y.ticks_at()) {
    out += line({left, y(value)}, {right, y(value)}, "grid");
    out += label({left - 6, y(value) + 4}, y.text_of(value), "tick", "end");
  }
  out += line({left, base}, {right, base}, "axis");
  out += label({right, base + 34}, x_info.words, "note", "end");
  out += label({8, 14}, y_info.words, "note");
  if (mark && drawn(x_info, mark->at) && mark->at >= x_low && mark->at <= x_high) {
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
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const LineSeries& one = *ends[i].second;
    out += label({right + 6, places[i] + 4}, shorten(one.name, longest_name), "name " + one.style);
  }
  return drawing(width, height, words, out);
}

}  // namespace nescio::report
