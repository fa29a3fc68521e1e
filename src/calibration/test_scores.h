// For tests: scores whose distribution is known.
#pragma once

#include <vector>

#include "base/rng.h"

namespace nescio::calibration {

inline std::vector<float> uniform_scores(std::size_t n, Rng& rng) {
  std::vector<float> out(n);
  for (float& score : out) score = static_cast<float>(rng.uniform());
  return out;
}

}  // namespace nescio::calibration
