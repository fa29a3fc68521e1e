#include "math/top_k.h"

#include <hwy/contrib/sort/vqsort.h>

#include <algorithm>
#include <bit>

#include "base/error.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/top_k.cpp"
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

/// The keys of a row and their columns; writes up to a vector beyond `count`.
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

/// Appends what lies below `bound` to keys and columns from `count` on, until the row ends or fewer
/// than four vectors of room are left before `capacity`. Moves x_index and count on.
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
    hn::StoreU(hn::Compress(key_of(v), hn::RebindMask(di, hit)), di, keys + end);
    hn::StoreU(hn::Compress(places, hn::RebindMask(du, hit)), du, columns + end);
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

/// Keeps the smallest keys in their order, at least `least` and, ties apart, at most `most` of
/// them; of equal keys at the border the first ones. Returns the largest key kept through `border`,
/// and how many are left. Bisects the integers between the extremes: some ten passes over data in
/// cache, 31 at worst.
std::size_t keep_smallest(std::int32_t* keys, std::uint32_t* columns, std::size_t count,
                          std::size_t least, std::size_t most, std::int32_t* border) {
  std::int64_t low = *std::min_element(keys, keys + count);
  std::int64_t high = *std::max_element(keys, keys + count);
  std::size_t up_to_high = count;  // keys <= high: always at least `least`
  while (low < high && up_to_high > most) {
    const std::int64_t middle = low + ((high - low) >> 1);
    const std::size_t up_to = count_up_to(keys, count, static_cast<std::int32_t>(middle));
    if (up_to >= least) {
      high = middle;
      up_to_high = up_to;
    } else {
      low = middle + 1;
    }
  }
  *border = static_cast<std::int32_t>(high);
  if (count <= most) return count;
  const Integers di;
  const hn::RebindToUnsigned<Floats> du;
  std::size_t kept = 0;
  std::size_t i = 0;
  if (up_to_high <= most) {
    const IntegerVector limit = hn::Set(di, *border);
    for (; i + kLanes <= count; i += kLanes) {
      const IntegerVector k = hn::LoadU(di, keys + i);
      const auto c = hn::LoadU(du, columns + i);
      const auto keep = hn::Not(hn::Gt(k, limit));
      hn::StoreU(hn::Compress(k, keep), di, keys + kept);
      hn::StoreU(hn::Compress(c, hn::RebindMask(du, keep)), du, columns + kept);
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
  const std::size_t below = high > std::numeric_limits<std::int32_t>::min()
                                ? count_up_to(keys, count, static_cast<std::int32_t>(high - 1))
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
HWY_EXPORT(keep_smallest);

/// A vector of any instruction set fits in; what kernels write beyond the last entry lands here.
constexpr std::size_t kSlack = 64;

float value_of(std::int32_t key) { return std::bit_cast<float>(key ^ ((key >> 31) & 0x7FFFFFFF)); }

float sign_of(Order order) { return order == Order::ascending ? 1.0f : -1.0f; }

/// Key and column as one number each, sorted: ties by column.
void sort_pairs(const std::int32_t* keys, const std::uint32_t* columns, std::size_t count,
                std::vector<std::uint64_t>& pairs) {
  pairs.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto high = static_cast<std::uint32_t>(keys[i]) ^ 0x80000000u;
    pairs[i] = (static_cast<std::uint64_t>(high) << 32) | columns[i];
  }
  thread_local const hwy::Sorter sorter;
  sorter(pairs.data(), count, hwy::SortAscending());
}

std::uint32_t column_of(std::uint64_t pair) { return static_cast<std::uint32_t>(pair); }

std::int32_t key_of(std::uint64_t pair) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(pair >> 32) ^ 0x80000000u);
}

}  // namespace

void sort_rows(const float* x, std::size_t stride, std::size_t rows, std::size_t width,
               std::size_t prefix, Order order, float* y, float* columns) {
  if (prefix > width) {
    fail("[sort] expected a prefix of at most ", width, " columns, found ", prefix);
  }
  if (prefix == 0) return;
  std::vector<std::int32_t> keys(width + kSlack);
  std::vector<std::uint32_t> places(width + kSlack);
  std::vector<std::uint64_t> pairs;
  for (std::size_t r = 0; r < rows; ++r) {
    const float* row = x + r * stride;
    HWY_DYNAMIC_DISPATCH(start_row)(row, width, sign_of(order), 0, keys.data(), places.data());
    std::int32_t border = 0;
    const std::size_t kept = HWY_DYNAMIC_DISPATCH(keep_smallest)(keys.data(), places.data(), width,
                                                                 prefix, 2 * prefix, &border);
    sort_pairs(keys.data(), places.data(), kept, pairs);
    for (std::size_t i = 0; i < prefix; ++i) {
      y[r * prefix + i] = row[column_of(pairs[i])];
      if (columns != nullptr) columns[r * prefix + i] = static_cast<float>(column_of(pairs[i]));
    }
  }
}

RunningTopK::RunningTopK(std::size_t rows, std::size_t k, Order order)
    : rows_(rows),
      k_(k),
      capacity_(k + std::max<std::size_t>(2 * k, 256)),
      stride_(capacity_ + kSlack),
      sign_(sign_of(order)),
      keys_(rows * stride_),
      columns_(rows * stride_),
      counts_(rows),
      bounds_(rows) {
  if (k == 0) fail("[top_k] k: expected at least 1, found 0");
}

void RunningTopK::reset() {
  seen_ = 0;
  next_column_ = 0;
  std::fill(counts_.begin(), counts_.end(), 0);
}

void RunningTopK::shrink(std::size_t row, std::size_t most) {
  std::int32_t border = 0;
  counts_[row] = HWY_DYNAMIC_DISPATCH(keep_smallest)(keys_of(row), columns_of(row), counts_[row],
                                                     k_, most, &border);
  bounds_[row] = value_of(border);
}

void RunningTopK::add(const float* tile, std::size_t stride, std::size_t columns,
                      std::size_t first_column) {
  if (first_column < next_column_) {
    fail("[top_k] expected tiles in ascending order of columns, found column ", first_column,
         " after column ", next_column_ - 1);
  }
  // Until the buffer has been full once, everything may be among the first k.
  const std::size_t start = std::min(columns, capacity_ - std::min(capacity_, seen_));
  const bool filled = seen_ < capacity_ && seen_ + columns >= capacity_;
  const std::size_t room_for_bisection = k_ + (capacity_ - k_) / 8;
  for (std::size_t r = 0; r < rows_; ++r) {
    const float* row = tile + r * stride;
    if (start > 0) {
      HWY_DYNAMIC_DISPATCH(start_row)
      (row, start, sign_, first_column, keys_of(r) + counts_[r], columns_of(r) + counts_[r]);
      counts_[r] += start;
    }
    if (filled) shrink(r, room_for_bisection);
    for (std::size_t i = start; i < columns;) {
      HWY_DYNAMIC_DISPATCH(append_below)
      (row, columns, sign_, bounds_[r], first_column, capacity_, i, counts_[r], keys_of(r),
       columns_of(r));
      if (i < columns) shrink(r, room_for_bisection);
    }
  }
  seen_ += columns;
  next_column_ = first_column + columns;
}

void RunningTopK::finish(float* values, std::uint32_t* columns) {
  if (seen_ < k_) {
    fail("[top_k] expected at least k = ", k_, " values a row, found ", seen_,
         "; lower k or give more rows to search");
  }
  std::vector<std::uint64_t> pairs;
  for (std::size_t r = 0; r < rows_; ++r) {
    shrink(r, k_ + k_ / 2);
    sort_pairs(keys_of(r), columns_of(r), counts_[r], pairs);
    for (std::size_t i = 0; i < k_; ++i) {
      values[r * k_ + i] = sign_ * value_of(key_of(pairs[i]));
      if (columns != nullptr) columns[r * k_ + i] = column_of(pairs[i]);
    }
  }
}

}  // namespace nescio::math
#endif  // HWY_ONCE
