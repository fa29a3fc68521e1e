#include <hwy/highway.h>
#include <hwy/targets.h>

#include "math/row_kernels.h"

namespace nescio::math {

const char* simd_target() {
  // Lower bits are better targets.
  const auto targets = static_cast<std::uint64_t>(hwy::SupportedTargets() & HWY_TARGETS);
  return hwy::TargetName(static_cast<std::int64_t>(targets & (~targets + 1)));
}

}  // namespace nescio::math
