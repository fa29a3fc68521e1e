// How values of several kinds are distributed, as curves of equal area.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/html.h"

namespace nescio::report {

struct Distribution {
  std::string name;   // stands above its curve
  std::string style;  // class of curve and name in the style sheet
  std::vector<double> values;
};

/// A vertical line; of the two notes the one that has room is shown.
struct DensityMark {
  double at = 0;
  std::string at_left, at_right;  // of the line
};

struct DensityChart {
  Html chart;
  double outside = 0;  // share of all values that the axis does not show
};

/// The first distribution is filled. The axis leaves out the outermost half per cent of each at both
/// sides. `words` is what somebody hears who cannot see it. No distribution may be empty.
DensityChart density_chart(std::vector<Distribution> parts, const std::string& words,
                           const std::optional<DensityMark>& mark = {});

}  // namespace nescio::report
