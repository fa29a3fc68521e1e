#include "report/chart_axis.h"

#include <cmath>

#include "base/numbers.h"

namespace nescio::report {

bool AxisInfo::shows(double value) const {
  return std::isfinite(value) && (!logarithmic || value > 0);
}

ChartAxis::ChartAxis(const AxisInfo& info, double low, double high, double start, double end)
    : info_(info), scale_{at(low), at(high), start, end} {
  if (scale_.from == scale_.to) scale_.from -= 0.5, scale_.to += 0.5;
  if (!info_.logarithmic) {
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

double ChartAxis::at(double value) const { return info_.logarithmic ? std::log10(value) : value; }

std::string ChartAxis::text_of(double value) const {
  if (info_.logarithmic || values_.size() < 2) return short_number(value);
  return tick_text(value, values_[1] - values_[0]);
}

Html grid(const ChartAxis& x, const ChartAxis& y) {
  const double left = x.start(), right = x.end(), base = y.start(), top = y.end();
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
  out += label({right, base + 34}, x.words(), "note", "end");
  out += label({8, 14}, y.words(), "note");
  return out;
}

}  // namespace nescio::report
