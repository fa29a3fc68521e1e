// The two axes of a chart, linear or logarithmic.
#pragma once

#include <string>
#include <vector>

#include "report/html.h"
#include "report/svg.h"

namespace nescio::report {

struct AxisInfo {
  std::string words;
  bool logarithmic = false;

  /// Whether the value has a place: finite, and above 0 if logarithmic.
  bool shows(double value) const;
};

/// One dimension of a chart: from values to units of the drawing.
class ChartAxis {
 public:
  /// Values low .. high, which the axis shows, from `start` to `end`.
  ChartAxis(const AxisInfo& info, double low, double high, double start, double end);

  double operator()(double value) const { return scale_(at(value)); }
  double start() const { return scale_.start; }
  double end() const { return scale_.end; }
  const std::string& words() const { return info_.words; }
  const std::vector<double>& ticks_at() const { return values_; }
  std::string text_of(double value) const;

 private:
  double at(double value) const;

  AxisInfo info_;
  Scale scale_;
  std::vector<double> values_;
};

/// Lines and numbers of both axes: x from the left, y from the base upwards, and what they are of.
Html grid(const ChartAxis& x, const ChartAxis& y);

}  // namespace nescio::report
