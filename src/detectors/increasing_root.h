// Where an increasing function is zero: what maximum-likelihood fits of one parameter come down to.
#pragma once

#include <functional>

namespace nescio::detectors {

struct ValueAndSlope {
  double value, slope;
};
/// The root of f, which increases from below 0 at `low` to above 0 at `high` (not evaluated there; `high` may be
/// infinite). Newton's method from `start`, which is kept within what is known of the root: about 5 evaluations.
double increasing_root(const std::function<ValueAndSlope(double)>& f, double start, double low,
                       double high);

}  // namespace nescio::detectors
