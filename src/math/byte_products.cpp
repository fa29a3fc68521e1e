#include "math/byte_products.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/byte_products.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include "math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nescio::math {
namespace HWY_NAMESPACE {
namespace {

using Shorts = hn::ScalableTag<std::int16_t>;
using Sums = hn::ScalableTag<std::int32_t>;
constexpr std::size_t kShorts = hn::MaxLanes(Shorts());
/// Rows at a time: they share what is done to `a`.
constexpr std::size_t kTogether = 4;

template <std::size_t rows>
HWY_INLINE void products_of(std::size_t k, const std::uint8_t* a, const std::int8_t* b,
                            std::int32_t* c) {
  const Shorts d;
  const Sums ds;
  const hn::Rebind<std::uint8_t, Shorts> unsigned_bytes;
  const hn::Rebind<std::int8_t, Shorts> bytes;
  hn::Vec<Sums> even[rows], odd[rows];
  for (std::size_t r = 0; r < rows; ++r) even[r] = odd[r] = hn::Zero(ds);
  std::size_t i = 0;
  for (; i + kShorts <= k; i += kShorts) {
    const auto x = hn::PromoteTo(d, hn::LoadU(unsigned_bytes, a + i));
    for (std::size_t r = 0; r < rows; ++r) {
      const auto y = hn::PromoteTo(d, hn::LoadU(bytes, b + r * k + i));
      even[r] = hn::ReorderWidenMulAccumulate(ds, x, y, even[r], odd[r]);
    }
  }
  for (std::size_t r = 0; r < rows; ++r) {
    std::int32_t sum = hn::GetLane(hn::SumOfLanes(ds, hn::Add(even[r], odd[r])));
    for (std::size_t rest = i; rest < k; ++rest) sum += a[rest] * b[r * k + rest];
    c[r] = sum;
  }
}

void products(std::size_t n, std::size_t k, const std::uint8_t* a, const std::int8_t* b,
              std::int32_t* c) {
  std::size_t j = 0;
  for (; j + kTogether <= n; j += kTogether) products_of<kTogether>(k, a, b + j * k, c + j);
  for (; j < n; ++j) products_of<1>(k, a, b + j * k, c + j);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace nescio::math
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nescio::math {
namespace {

HWY_EXPORT(products);

}  // namespace

void byte_products(std::size_t n, std::size_t k, const std::uint8_t* a, const std::int8_t* b,
                   std::int32_t* c) {
  HWY_DYNAMIC_DISPATCH(products)(n, k, a, b, c);
}

}  // namespace nescio::math
#endif  // HWY_ONCE
