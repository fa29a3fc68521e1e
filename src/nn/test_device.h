// For tests: where networks run.
#pragma once

#include <cstdlib>
#include <string>

namespace nescio::nn {

/// What NESCIO_TEST_DEVICE names, as device= would, or else the CPU: the same tests say whether a GPU does what is
/// promised.
inline std::string test_device() {
  const char* const name = std::getenv("NESCIO_TEST_DEVICE");
  return name && *name ? name : "cpu";
}

}  // namespace nescio::nn
