// For tests: the executor of this folder, on the device of nn/test_device.h.
#pragma once

#include "expr_torch/torch_executor.h"
#include "nn/test_device.h"

namespace nescio::expr {

using nn::test_device;

/// Blocks of few rows, so that what fills them up costs tests no time.
inline Executor executor_under_test(TorchSettings settings = {.block_rows = 96}) {
  return torch_executor(test_device(), settings);
}

}  // namespace nescio::expr
