// Curves over a common axis, with their names at their ends.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/chart_axis.h"
#include "report/html.h"
#include "report/svg.h"

namespace nescio::report {

struct LineSeries {
  std::string name;
  std::string style;  // class in the style sheet: "first", "second", "third", "other"
  std::vector<Point> points;
};

/// A vertical line.
struct LineMark {
  double at = 0;
  std::string words;
};

/// Points of a curve are joined in the order given; those that are not finite are left out. The axes show
/// all of what is left; empty without two points. `words` is what somebody hears who cannot see it.
Html line_chart(const std::vector<LineSeries>& series, const AxisInfo& x, const AxisInfo& y,
                const std::string& words, const std::optional<LineMark>& mark = {});

}  // namespace nescio::report
