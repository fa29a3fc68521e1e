// The share of rows of which something is true.
#pragma once

#include <cstddef>

#include "metrics/bounds.h"

namespace nescio::metrics {

struct Proportion {
  std::size_t count = 0;
  std::size_t rows = 0;
};

/// count / rows. Throws Error if rows is 0 or count above it.
double share(const Proportion& proportion);

/// Wilson's score interval (JASA 22, 1927): close to its nominal coverage and inside [0, 1] for few
/// rows and for shares near 0 or 1 too. Throws Error as share(), and unless 0 < confidence < 1.
Bounds wilson_interval(const Proportion& proportion, double confidence);

/// Clopper and Pearson's interval (Biometrika 26, 1934): it holds the true share with at least this
/// confidence, whatever that is. Wider than Wilson's. Throws Error as wilson_interval().
Bounds clopper_pearson_interval(const Proportion& proportion, double confidence);

}  // namespace nescio::metrics
