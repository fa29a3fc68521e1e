// The last layer of a network, where it is linear.
#pragma once

#include "base/array.h"

namespace nescio {

/// logits = features W^T + b. W [C, D], b [C], float32.
struct Head {
  Array weight;
  Array bias;
};

}  // namespace nescio
