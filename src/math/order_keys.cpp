#include "math/order_keys.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/order_keys.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include "math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nescio::math {
namespace HWY_NAMESPACE {
namespace {

using IntegerVector = hn::Vec<Integers>;

/// Integers that sort as sign * x does: -0 equals 0, NaN comes last.
HWY_INLINE IntegerVector key_of(FloatVector signed_value) {
  const Floats d;
  const Integers di;
  const auto bits = hn::BitCast(di, hn::Add(signed_value, hn::Zero(d)));
  const auto flipped = hn::Xor(bits, hn::And(hn::ShiftRight<31>(bits), hn::Set(di, 0x7FFFFFFF)));
  return hn::IfThenElse(hn::RebindMask(di, hn::IsNaN(signed_value)), hn::Set(di, 0x7FFFFFFF),
                        flipped);
}

void start_row(const float* x, std::size_t count, float sign, std::size_t first_column,
               std::int32_t* keys, std::uint32_t* columns) {
  const Floats d;
  const Integers di;
  const hn::RebindToUnsigned<Floats> du;
  const FloatVector factor = hn::Set(d, sign);
  const auto lanes = hn::Iota(du, 0);
  for (std::size_t i = 0; i < count; i += kLanes) {
    const FloatVector v =
        i + kLanes <= count ? hn::LoadU(d, x + i) : load_first(x + i, count - i, hn::Zero(d));
    hn::StoreU(key_of(hn::Mul(v, factor)), di, keys + i);
    const auto first = hn::Set(du, static_cast<std::uint32_t>(first_column + i));
    hn::StoreU(hn::Add(first, lanes), du, columns + i);
  }
}

void append_below(const float* x, std::size_t width, float sign, float bound,
                  std::size_t first_column, std::size_t capacity, std::size_t& x_index,
                  std::size_t& count, std::int32_t* keys, std::uint32_t* columns) {
  const Floats d;
  const Integers di;
  const hn::RebindToUnsigned<Floats> du;
  const FloatVector factor = hn::Set(d, sign);
  const FloatVector limit = hn::Set(d, bound);
  const auto lanes = hn::Iota(du, 0);
  std::size_t end = count;
  // Compressing in a register and storing all lanes is faster than compressing into memory.
  const auto append = [&](FloatVector v, std::size_t i) HWY_ATTR {
    const auto hit = hn::Lt(v, limit);
    const auto places = hn::Add(hn::Set(du, static_cast<std::uint32_t>(first_column + i)), lanes);
    hn::StoreU(compress(key_of(v), hn::RebindMask(di, hit)), di, keys + end);
    hn::StoreU(compress(places, hn::RebindMask(du, hit)), du, columns + end);
    end += hn::CountTrue(d, hit);
  };
  std::size_t i = x_index;
  // Hits are rare: four vectors are asked together.
  for (; i + 4 * kLanes <= width && end + 4 * kLanes <= capacity; i += 4 * kLanes) {
    const FloatVector a = hn::Mul(hn::LoadU(d, x + i), factor);
    const FloatVector b = hn::Mul(hn::LoadU(d, x + i + kLanes), factor);
    const FloatVector c = hn::Mul(hn::LoadU(d, x + i + 2 * kLanes), factor);
    const FloatVector e = hn::Mul(hn::LoadU(d, x + i + 3 * kLanes), factor);
    const FloatVector least = hn::Min(hn::Min(a, b), hn::Min(c, e));
    if (hn::AllFalse(d, hn::Lt(least, limit))) continue;
    append(a, i);
    append(b, i + kLanes);
    append(c, i + 2 * kLanes);
    append(e, i + 3 * kLanes);
  }
  for (; i < width && end + 4 * kLanes <= capacity; i += kLanes) {
    if (i + kLanes <= width) {
      append(hn::Mul(hn::LoadU(d, x + i), factor), i);
    } else {
      append(hn::Mul(load_first(x + i, width - i, hn::Set(d, sign * kInfinity)), factor), i);
    }
  }
  x_index = std::min(i, width);
  count = end;
}

HWY_INLINE std::size_t count_up_to(const std::int32_t* keys, std::size_t count,
                                   std::int32_t limit) {
  const Integers di;
  const IntegerVector t = hn::Set(di, limit);
  const IntegerVector one = hn::Set(di, 1);
  IntegerVector a = hn::Zero(di);
  IntegerVector b = a;
  std::size_t i = 0;
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    a = hn::Add(a, hn::IfThenZeroElse(hn::Gt(hn::LoadU(di, keys + i), t), one));
    b = hn::Add(b, hn::IfThenZeroElse(hn::Gt(hn::LoadU(di, keys + i + kLanes), t), one));
  }
  auto total = static_cast<std::size_t>(hn::GetLane(hn::SumOfLanes(di, hn::Add(a, b))));
  for (; i < count; ++i) total += keys[i] <= limit ? 1 : 0;
  return total;
}

/// Bisects the integers between the extremes: some ten passes over data in cache, 31 at worst.
/// `up_to` becomes how many keys are <= the result.
std::int32_t border_key(const std::int32_t* keys, std::size_t count, std::size_t least,
                        std::size_t most, std::size_t& up_to) {
  std::int64_t low = *std::min_element(keys, keys + count);
  std::int64_t high = *std::max_element(keys, keys + count);
  up_to = count;  // keys <= high: always at least `least`
  while (low < high && up_to > most) {
    const std::int64_t middle = low + ((high - low) >> 1);
    const std::size_t below = count_up_to(keys, count, static_cast<std::int32_t>(middle));
    if (below >= least) {
      high = middle;
      up_to = below;
    } else {
      low = middle + 1;
    }
  }
  return static_cast<std::int32_t>(high);
}

std::size_t keep_smallest(std::int32_t* keys, std::uint32_t* columns, std::size_t count,
                          std::size_t least, std::size_t most, std::int32_t* border) {
  std::size_t up_to = 0;
  *border = border_key(keys, count, least, most, up_to);
  if (count <= most) return count;
  const Integers di;
  const hn::RebindToUnsigned<Floats> du;
  std::size_t kept = 0;
  std::size_t i = 0;
  if (up_to <= most) {
    const IntegerVector limit = hn::Set(di, *border);
    for (; i + kLanes <= count; i += kLanes) {
      const IntegerVector k = hn::LoadU(di, keys + i);
      const auto c = hn::LoadU(du, columns + i);
      const auto keep = hn::Not(hn::Gt(k, limit));
      hn::StoreU(compress(k, keep), di, keys + kept);
      hn::StoreU(compress(c, hn::RebindMask(du, keep)), du, columns + kept);
      kept += hn::CountTrue(di, keep);
    }
    for (; i < count; ++i) {
      keys[kept] = keys[i];
      columns[kept] = columns[i];
      kept += keys[i] <= *border ? 1 : 0;
    }
    return kept;
  }
  // Many equal keys at the border: the bisection ended on it.
  const std::size_t below = *border > std::numeric_limits<std::int32_t>::min()
                                ? count_up_to(keys, count, *border - 1)
                                : 0;
  std::size_t ties = least - below;
  for (; i < count; ++i) {
    if (keys[i] > *border || (keys[i] == *border && ties == 0)) continue;
    if (keys[i] == *border) --ties;
    keys[kept] = keys[i];
    columns[kept++] = columns[i];
  }
  return kept;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace nescio::math
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nescio::math {
namespace {

HWY_EXPORT(start_row);
HWY_EXPORT(append_below);
HWY_EXPORT(border_key);
HWY_EXPORT(keep_smallest);

}  // namespace

void start_keys(const float* x, std::size_t count, float sign, std::size_t first_column,
                std::int32_t* keys, std::uint32_t* columns) {
  HWY_DYNAMIC_DISPATCH(start_row)(x, count, sign, first_column, keys, columns);
}

void append_keys_below(const float* x, std::size_t width, float sign, float bound,
                       std::size_t first_column, std::size_t capacity, std::size_t& at,
                       std::size_t& count, std::int32_t* keys, std::uint32_t* columns) {
  HWY_DYNAMIC_DISPATCH(append_below)
  (x, width, sign, bound, first_column, capacity, at, count, keys, columns);
}

std::int32_t key_of_rank(const std::int32_t* keys, std::size_t count, std::size_t least,
                         std::size_t most) {
  std::size_t up_to = 0;
  return HWY_DYNAMIC_DISPATCH(border_key)(keys, count, least, most, up_to);
}

std::size_t keep_smallest_keys(std::int32_t* keys, std::uint32_t* columns, std::size_t count,
                               std::size_t least, std::size_t most, std::int32_t* border) {
  return HWY_DYNAMIC_DISPATCH(keep_smallest)(keys, columns, count, least, most, border);
}

}  // namespace nescio::math
#endif  // HWY_ONCE
