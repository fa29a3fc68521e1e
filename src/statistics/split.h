// What a fit reads of a split.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "base/array.h"

namespace nescio::statistics {

/// The arrays of one split that a fit may read.
struct Split {
  std::string name;  // "cifar10/train", for messages
  std::map<std::string, Array>
      arrays;    // by input name: "logits" [N, C], "features" [N, D], of probes; float32
  Array labels;  // [N] int64; empty where the split has none
  std::size_t classes = 0;
};

}  // namespace nescio::statistics
