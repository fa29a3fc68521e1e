// Where detectors learn.
#pragma once

#include <string>
#include <vector>

namespace nescio::detectors {

/// The splits that detectors may learn from, by role; empty where none is named.
struct FitSplits {
  std::string train = {};
  std::string val = {};
  std::vector<std::string> ood_val = {};
};

}  // namespace nescio::detectors
