// Reductions over the columns of rows, four rows at a time; compiled once per instruction set.
//
// The lanes of four rows are gathered in one small transposing tree, so that a row of ten columns
// costs a few instructions. Fewer than four rows are filled up with copies of the last one: every
// row goes the same way.

#if defined(NESCIO_MATH_FOLD_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NESCIO_MATH_FOLD_ROWS_INL_H_
#undef NESCIO_MATH_FOLD_ROWS_INL_H_
#else
#define NESCIO_MATH_FOLD_ROWS_INL_H_
#endif

#include <algorithm>

#include "math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nescio::math {
namespace HWY_NAMESPACE {

constexpr std::size_t kGroup = 4;
/// From this width on, a row alone keeps the processor busy.
constexpr std::size_t kLongRow = 16 * kLanes;
/// Rows whose results are finished together; a multiple of every vector length.
constexpr std::size_t kBlock = 64;

/// Rows that go through one pass before the next pass begins: a few long ones, which stay in the
/// first cache, or many short ones, so that no row waits for its own maximum.
HWY_INLINE std::size_t rows_in_turn(std::size_t width) {
  return width < kLongRow ? kBlock : kGroup;
}

/// Below this width a row fills its vectors badly: a vector takes the same column of as many rows instead.
constexpr std::size_t kNarrowRow = 32;
/// The columns of a block of narrow rows, one below the other.
struct Columns {
  HWY_ALIGN float values[kNarrowRow * kBlock];

  HWY_INLINE FloatVector at(std::size_t column, std::size_t row) const {
    return hn::Load(Floats(), values + column * kBlock + row);
  }
};

struct FourRows {
  const float* row[kGroup];
};

/// Rows first .. first + 3, or copies of the last one.
HWY_INLINE FourRows four_rows(const float* x, std::size_t stride, std::size_t rows,
                              std::size_t first) {
  FourRows four;
  for (std::size_t i = 0; i < kGroup; ++i) four.row[i] = x + std::min(first + i, rows - 1) * stride;
  return four;
}

/// Rows first .. first + kBlock - 1 of fewer than kNarrowRow columns; copies of the last one where they end.
/// Returns how many of them, a multiple of the vector length, hold the rows that there are.
HWY_INLINE std::size_t transpose(const float* x, std::size_t stride, std::size_t rows,
                                 std::size_t width, std::size_t first, Columns& columns) {
  const std::size_t step = std::max(kLanes, kGroup);
  const std::size_t count = std::min(kBlock, (rows - first + step - 1) / step * step);
  for (std::size_t i = 0; i < count; i += kGroup) {
    const FourRows four = four_rows(x, stride, rows, first + i);
    float* to = columns.values + i;
    std::size_t c = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::FixedTag<float, kGroup> d;
    const hn::Repartition<double, decltype(d)> pairs;
    const auto join = [&](auto a, auto b, std::size_t column) HWY_ATTR {
      const auto left = hn::BitCast(pairs, a), right = hn::BitCast(pairs, b);
      hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, left, right)), d, to + column * kBlock);
      hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, left, right)), d,
                to + (column + 1) * kBlock);
    };
    for (; c + kGroup <= width; c += kGroup) {
      const auto a = hn::LoadU(d, four.row[0] + c), b = hn::LoadU(d, four.row[1] + c);
      const auto e = hn::LoadU(d, four.row[2] + c), f = hn::LoadU(d, four.row[3] + c);
      join(hn::InterleaveLower(d, a, b), hn::InterleaveLower(d, e, f), c);
      join(hn::InterleaveUpper(d, a, b), hn::InterleaveUpper(d, e, f), c + 2);
    }
#endif
    for (; c < width; ++c) {
      for (std::size_t r = 0; r < kGroup; ++r) to[c * kBlock + r] = four.row[r][c];
    }
  }
  return count;
}

#if HWY_TARGET == HWY_SCALAR
template <class Op>
HWY_INLINE void fold(const Op& /*op*/, FloatVector a, FloatVector b, FloatVector c, FloatVector e,
                     float* out) {
  out[0] = hn::GetLane(a);
  out[1] = hn::GetLane(b);
  out[2] = hn::GetLane(c);
  out[3] = hn::GetLane(e);
}
#else
/// Blocks of four lanes combined into one, halves first.
template <class Op, class D>
HWY_INLINE void fold_blocks(const Op& op, D d, hn::Vec<D> v, float* out) {
  if constexpr (hn::MaxLanes(D()) == kGroup) {
    hn::StoreU(v, d, out);
  } else {
    const hn::Half<D> half;
    fold_blocks(op, half, op.combine(half, hn::LowerHalf(half, v), hn::UpperHalf(half, v)), out);
  }
}

/// The lanes of a, b, c and e combined with `op`, in an order that is always the same, to out[0 ..
/// 3].
template <class Op>
HWY_INLINE void fold(const Op& op, FloatVector a, FloatVector b, FloatVector c, FloatVector e,
                     float* out) {
  const Floats d;
  // Within blocks of four lanes: [a0 b0 a1 b1] with [a2 b2 a3 b3], then [a b c e] with [a b c e].
  const FloatVector ab = op.combine(d, hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
  const FloatVector ce = op.combine(d, hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
  const hn::Repartition<double, Floats> pairs;
  const auto ab2 = hn::BitCast(pairs, ab);
  const auto ce2 = hn::BitCast(pairs, ce);
  const FloatVector low = hn::BitCast(d, hn::InterleaveLower(pairs, ab2, ce2));
  const FloatVector high = hn::BitCast(d, hn::InterleaveUpper(pairs, ab2, ce2));
  fold_blocks(op, d, op.combine(d, low, high), out);
}
#endif

/// An operation over the columns of a row has
///   padding(d)          what stands in the lanes beyond the last column,
///   start(d)            the accumulator to begin with,
///   step(d, r, acc, x)  the accumulator of row r (of four) after the values x, and
///   combine(d, a, b)    one accumulator of two.
/// This gives the accumulator of one row, read in order, as the memory likes it.
template <class Op>
HWY_INLINE FloatVector reduce_lanes(const Op& op, std::size_t r, const float* row,
                                    std::size_t width) {
  const Floats d;
  FloatVector a = op.start(d);
  std::size_t i = 0;
  if (width >= kLongRow) {
    FloatVector b = a;
    FloatVector c = a;
    FloatVector e = a;
    for (; i + 4 * kLanes <= width; i += 4 * kLanes) {
      a = op.step(d, r, a, hn::LoadU(d, row + i));
      b = op.step(d, r, b, hn::LoadU(d, row + i + kLanes));
      c = op.step(d, r, c, hn::LoadU(d, row + i + 2 * kLanes));
      e = op.step(d, r, e, hn::LoadU(d, row + i + 3 * kLanes));
    }
    a = op.combine(d, op.combine(d, a, b), op.combine(d, c, e));
  }
  for (; i + kLanes <= width; i += kLanes) a = op.step(d, r, a, hn::LoadU(d, row + i));
  if (i < width) a = op.step(d, r, a, load_rest(row, i, width, op.padding(d)));
  return a;
}

/// out[r] = op over the columns of row r.
template <class Op>
HWY_INLINE void reduce_four(const Op& op, const FourRows& four, std::size_t width, float* out) {
  const FloatVector a = reduce_lanes(op, 0, four.row[0], width);
  const FloatVector b = reduce_lanes(op, 1, four.row[1], width);
  const FloatVector c = reduce_lanes(op, 2, four.row[2], width);
  const FloatVector e = reduce_lanes(op, 3, four.row[3], width);
  fold(op, a, b, c, e, out);
}

/// The row's maximum, NaN if it holds one.
struct MaxOp {
  template <class D>
  HWY_INLINE hn::Vec<D> padding(D d) const {
    return hn::Set(d, -kInfinity);
  }
  template <class D>
  HWY_INLINE hn::Vec<D> start(D d) const {
    return hn::Set(d, -kInfinity);
  }
  template <class D, class V>
  HWY_INLINE V step(D /*d*/, std::size_t /*row*/, V acc, V x) const {
    return max_or_nan(acc, x);
  }
  template <class D, class V>
  HWY_INLINE V combine(D /*d*/, V a, V b) const {
    return max_or_nan(a, b);
  }
};

/// Adds lanes; the base of all sums.
struct AddLanes {
  template <class D>
  HWY_INLINE hn::Vec<D> padding(D d) const {
    return hn::Zero(d);
  }
  template <class D>
  HWY_INLINE hn::Vec<D> start(D d) const {
    return hn::Zero(d);
  }
  template <class D, class V>
  HWY_INLINE V combine(D /*d*/, V a, V b) const {
    return hn::Add(a, b);
  }
};

/// The sum of e^(x - shift), shift being the row's maximum (0 where all are -inf, so that no NaN
/// arises).
class ExpSumOp : public AddLanes {
 public:
  HWY_INLINE explicit ExpSumOp(const float* peaks) {
    const Floats d;
    const FloatVector lowest = hn::Set(d, -kInfinity);
    for (std::size_t i = 0; i < kGroup; ++i) {
      const FloatVector peak = hn::Set(d, peaks[i]);
      shift_[i] = hn::IfThenZeroElse(hn::Eq(peak, lowest), peak);
    }
  }
  template <class D>
  HWY_INLINE hn::Vec<D> padding(D d) const {
    return hn::Set(d, -kInfinity);
  }
  HWY_INLINE FloatVector step(Floats d, std::size_t row, FloatVector acc, FloatVector x) const {
    return hn::Add(acc, exp_term(d, hn::Sub(x, shift_[row])));
  }

 private:
  FloatVector shift_[kGroup];
};

/// sums[i] = peaks[i] + log(sums[i]) where the peak is finite, otherwise the peak.
HWY_INLINE void finish_log_sum(const float* peaks, float* sums) {
  const Floats d;
  for (std::size_t i = 0; i < kBlock; i += kLanes) {
    const FloatVector peak = hn::Load(d, peaks + i);
    const FloatVector sum = hn::Add(peak, log(d, hn::Load(d, sums + i)));
    const auto finite = hn::Lt(hn::Abs(peak), hn::Set(d, kInfinity));
    hn::Store(hn::IfThenElse(finite, sum, peak), d, sums + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace nescio::math
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
