// Where the tests of this folder compute: on the CPU, or what NESCIO_TEST_DEVICE names.
#pragma once

#include <cstdlib>
#include <string>

#include "expr_torch/torch_executor.h"

namespace nescio::expr {

inline std::string test_device() {
  const char* device = std::getenv("NESCIO_TEST_DEVICE");
  return device ? device : "cpu";
}

/// Blocks of few rows, so that what fills them up costs tests no time.
inline Executor executor_under_test(TorchSettings settings = {.block_rows = 96}) {
  return torch_executor(test_device(), settings);
}

}  // namespace nescio::expr
