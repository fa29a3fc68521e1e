#include "math/bracket.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/bracket.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include "math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nescio::math {
namespace HWY_NAMESPACE {
namespace {

/// Writes the values inside to `inside`, whole vectors at a time. count < 2^31.
CountedValues count_values(const float* x, std::size_t count, Interval interval, float* inside) {
  const Floats d;
  const Integers di;
  const FloatVector low = hn::Set(d, interval.low), high = hn::Set(d, interval.high);
  // Masks are -1 as integers.
  auto below_low = hn::Zero(di), up_to_low = below_low, below_high = below_low;
  auto up_to_high = below_low, numbers = below_low;
  CountedValues out = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const FloatVector v = hn::LoadU(d, x + i);
    const auto le_low = hn::Le(v, low), lt_high = hn::Lt(v, high);
    below_low = hn::Add(below_low, hn::BitCast(di, hn::VecFromMask(d, hn::Lt(v, low))));
    up_to_low = hn::Add(up_to_low, hn::BitCast(di, hn::VecFromMask(d, le_low)));
    below_high = hn::Add(below_high, hn::BitCast(di, hn::VecFromMask(d, lt_high)));
    up_to_high = hn::Add(up_to_high, hn::BitCast(di, hn::VecFromMask(d, hn::Le(v, high))));
    numbers = hn::Add(numbers, hn::BitCast(di, hn::VecFromMask(d, hn::Eq(v, v))));
    const auto hit = hn::AndNot(le_low, lt_high);
    if (hn::AllFalse(d, hit)) continue;
    hn::StoreU(compress(v, hit), d, inside + out.inside);
    out.inside += hn::CountTrue(d, hit);
  }
  const auto total = [&](auto lanes) HWY_ATTR {
    return static_cast<std::uint64_t>(
        -static_cast<std::int64_t>(hn::GetLane(hn::SumOfLanes(di, lanes))));
  };
  out.below_low = total(below_low), out.up_to_low = total(up_to_low);
  out.below_high = total(below_high), out.up_to_high = total(up_to_high);
  out.nan = total(numbers) != i;
  for (; i < count; ++i) {
    const float v = x[i];
    out.below_low += v < interval.low, out.up_to_low += v <= interval.low;
    out.below_high += v < interval.high, out.up_to_high += v <= interval.high;
    out.nan |= v != v;
    inside[out.inside] = v;
    out.inside += v > interval.low && v < interval.high;
  }
  return out;
}

std::size_t lanes() { return kLanes; }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace nescio::math
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nescio::math {
namespace {

HWY_EXPORT(count_values);
HWY_EXPORT(lanes);

}  // namespace

bool Bracket::add(std::span<const float> values) {
  constexpr std::size_t piece = 4096;
  std::size_t kept = inside.size();
  const std::size_t slack = std::max<std::size_t>(HWY_DYNAMIC_DISPATCH(lanes)(), 1);
  bool numbers = true;
  for (std::size_t first = 0; first < values.size() && numbers && !too_many; first += piece) {
    const std::size_t count = std::min(piece, values.size() - first);
    if (inside.size() < kept + count + slack) inside.resize(kept + count + slack);
    const CountedValues seen = HWY_DYNAMIC_DISPATCH(count_values)(values.data() + first, count,
                                                                  interval, inside.data() + kept);
    numbers = !seen.nan;
    below += seen.below_low;
    at_low += seen.up_to_low - seen.below_low;
    if (interval.low < interval.high) at_high += seen.up_to_high - seen.below_high;
    kept += seen.inside;
    too_many = kept > most;
  }
  inside.resize(kept);
  return numbers;
}

void Bracket::add(const Bracket& other) {
  below += other.below;
  at_low += other.at_low;
  at_high += other.at_high;
  inside.insert(inside.end(), other.inside.begin(), other.inside.end());
  too_many |= other.too_many || inside.size() > most;
}

bool Bracket::has(std::uint64_t rank) const {
  return !too_many && rank >= below && rank - below < at_low + inside.size() + at_high;
}

float Bracket::value(std::uint64_t rank) {
  rank -= below;
  if (rank < at_low) return interval.low;
  rank -= at_low;
  if (rank >= inside.size()) return interval.high;
  const auto at = inside.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(inside.begin(), at, inside.end());
  return *at;
}

}  // namespace nescio::math
#endif  // HWY_ONCE
