// A line for each name: a dot, its intervals, and the number at the end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "metrics/bounds.h"
#include "report/html.h"

namespace nescio::report {

/// Values are in units of the axis.
struct DotRow {
  std::string name;
  double value = 0;
  std::vector<double> others = {};              // small dots
  std::optional<metrics::Bounds> bounds = {};   // a thick line
  std::optional<metrics::Bounds> further = {};  // a thin line
  std::string words = {};                       // at the right end
};

struct DotAxis {
  double from = 0;
  double to = 1;
  std::optional<double> mark = {};  // a vertical line
};

/// The shortest axis that shows all of the rows, with round ends.
DotAxis axis_around(const std::vector<DotRow>& rows);

/// `words` is what somebody hears who cannot see it. Long names are shortened.
Html dot_chart(const std::vector<DotRow>& rows, const DotAxis& axis, const std::string& words);

}  // namespace nescio::report
