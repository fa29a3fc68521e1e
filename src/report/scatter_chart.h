// Points with names.
#pragma once

#include <string>
#include <vector>

#include "report/chart_axis.h"
#include "report/html.h"

namespace nescio::report {

struct ScatterPoint {
  std::string name;
  double x = 0;
  double y = 0;
  bool named = false;  // its name stands beside it
  bool hollow = false;
};

/// Points that have no place on the axes are left out; empty without two of them. `words` is what somebody
/// hears who cannot see it.
Html scatter_chart(std::vector<ScatterPoint> points, const AxisInfo& x, const AxisInfo& y,
                   const std::string& words);

}  // namespace nescio::report
