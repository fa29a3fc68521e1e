#include <cmath>

#include "math/row_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/reduce.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include "math/fold_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nescio::math {
namespace HWY_NAMESPACE {
namespace {

struct SumOp : AddLanes {
  HWY_INLINE FloatVector step(Floats, std::size_t, FloatVector acc, FloatVector x) const {
    return hn::Add(acc, x);
  }
};
struct L1Op : AddLanes {
  HWY_INLINE FloatVector step(Floats, std::size_t, FloatVector acc, FloatVector x) const {
    return hn::Add(acc, hn::Abs(x));
  }
};
struct SquaresOp : AddLanes {
  HWY_INLINE FloatVector step(Floats, std::size_t, FloatVector acc, FloatVector x) const {
    return hn::MulAdd(x, x, acc);
  }
};

struct MinOp {
  template <class D>
  HWY_INLINE hn::Vec<D> padding(D d) const {
    return hn::Set(d, kInfinity);
  }
  template <class D>
  HWY_INLINE hn::Vec<D> start(D d) const {
    return hn::Set(d, kInfinity);
  }
  template <class D, class V>
  HWY_INLINE V step(D, std::size_t, V acc, V x) const {
    return min_or_nan(acc, x);
  }
  template <class D, class V>
  HWY_INLINE V combine(D, V a, V b) const {
    return min_or_nan(a, b);
  }
};

struct LowestOp {
  template <class D, class V>
  HWY_INLINE V combine(D, V a, V b) const {
    return hn::Min(a, b);
  }
};

/// The largest value that each lane has seen, and its first column; NaN counts as the largest.
struct Best {
  FloatVector value;
  FloatVector column;

  HWY_INLINE Best() {
    const Floats d;
    value = hn::Set(d, -kInfinity);
    column = hn::Iota(d, 0.0f);  // right also for a row of nothing but -inf
  }

  HWY_INLINE void see(FloatVector x, FloatVector columns) {
    const auto better = hn::And(hn::Not(hn::Le(x, value)), hn::Eq(value, value));
    value = hn::IfThenElse(better, x, value);
    column = hn::IfThenElse(better, columns, column);
  }
};

HWY_INLINE Best best_of_lanes(const float* row, std::size_t width) {
  const Floats d;
  Best best;
  FloatVector columns = best.column;
  const FloatVector step = hn::Set(d, static_cast<float>(kLanes));
  std::size_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    best.see(hn::LoadU(d, row + i), columns);
    columns = hn::Add(columns, step);
  }
  if (i < width) {
    if (width >= kLanes)
      columns = hn::Add(hn::Iota(d, 0.0f), hn::Set(d, static_cast<float>(width - kLanes)));
    best.see(load_rest(row, i, width, hn::Set(d, -kInfinity)), columns);
  }
  return best;
}

/// The first column of the maximum of four rows.
HWY_INLINE void first_columns(const FourRows& four, std::size_t width, float* columns) {
  const Floats d;
  const Best a = best_of_lanes(four.row[0], width);
  const Best b = best_of_lanes(four.row[1], width);
  const Best c = best_of_lanes(four.row[2], width);
  const Best e = best_of_lanes(four.row[3], width);
  HWY_ALIGN float peaks[kGroup];
  fold(MaxOp(), a.value, b.value, c.value, e.value, peaks);
  const auto candidate = [&](const Best& best, float peak) HWY_ATTR {
    const auto hit = hn::Or(hn::Eq(best.value, hn::Set(d, peak)), hn::IsNaN(best.value));
    return hn::IfThenElse(hit, best.column, hn::Set(d, kInfinity));
  };
  fold(LowestOp(), candidate(a, peaks[0]), candidate(b, peaks[1]), candidate(c, peaks[2]),
       candidate(e, peaks[3]), columns);
}

/// The same of a vector of narrow rows.
HWY_INLINE FloatVector first_column(const Columns& columns, std::size_t width, std::size_t row) {
  const Floats d;
  Best best;
  best.column = hn::Zero(d);
  for (std::size_t c = 0; c < width; ++c) {
    best.see(columns.at(c, row), hn::Set(d, static_cast<float>(c)));
  }
  return best.column;
}

struct Input {
  const float* x;
  std::size_t stride;
  std::size_t rows;
  std::size_t width;

  HWY_INLINE FourRows four(std::size_t first) const { return four_rows(x, stride, rows, first); }
};

/// Calls fill(first, count, results) for every block of rows and copies the results to y. Fill may
/// write a group's worth of results beyond `count`.
template <class Fill>
HWY_INLINE void for_blocks(const Input& in, const Fill& fill, float* y, std::size_t y_stride) {
  HWY_ALIGN float results[kBlock] = {};
  for (std::size_t first = 0; first < in.rows; first += kBlock) {
    const std::size_t count = std::min(kBlock, in.rows - first);
    fill(first, count, results);
    for (std::size_t i = 0; i < count; ++i) y[(first + i) * y_stride] = results[i];
  }
}

template <class Op>
HWY_INLINE void fold_block(const Input& in, std::size_t first, std::size_t count, float* results) {
  const Floats d;
  if (in.width < kLanes) {  // from there on one instruction a vector is less than turning it
    Columns columns;
    const std::size_t filled = transpose(in.x, in.stride, in.rows, in.width, first, columns);
    for (std::size_t i = 0; i < filled; i += kLanes) {
      FloatVector folded = Op().start(d);
      for (std::size_t c = 0; c < in.width; ++c) folded = Op().step(d, 0, folded, columns.at(c, i));
      hn::Store(folded, d, results + i);
    }
    return;
  }
  for (std::size_t i = 0; i < count; i += kGroup) {
    reduce_four(Op(), in.four(first + i), in.width, results + i);
  }
}

template <class Op>
void fold_rows(const Input& in, float* y, std::size_t y_stride) {
  const auto fill = [&](std::size_t first, std::size_t count, float* results)
                        HWY_ATTR { fold_block<Op>(in, first, count, results); };
  for_blocks(in, fill, y, y_stride);
}

void mean_rows(const Input& in, float* y, std::size_t y_stride) {
  const auto fill = [&](std::size_t first, std::size_t count, float* results) HWY_ATTR {
    fold_block<SumOp>(in, first, count, results);
    for (std::size_t i = 0; i < count; ++i) results[i] /= static_cast<float>(in.width);
  };
  for_blocks(in, fill, y, y_stride);
}

float exact_norm(const float* row, std::size_t width) {
  double sum = 0;
  for (std::size_t c = 0; c < width; ++c) sum += static_cast<double>(row[c]) * row[c];
  return static_cast<float>(std::sqrt(sum));
}

void norm_rows(const Input& in, float* y, std::size_t y_stride) {
  const auto fill = [&](std::size_t first, std::size_t count, float* results) HWY_ATTR {
    fold_block<SquaresOp>(in, first, count, results);
    for (std::size_t i = 0; i < count; ++i) {
      // Squares that left the range of floats are added again as doubles.
      const bool in_range = !(results[i] < 1e-30f || results[i] > 1e38f);
      results[i] =
          in_range ? std::sqrt(results[i]) : exact_norm(in.x + (first + i) * in.stride, in.width);
    }
  };
  for_blocks(in, fill, y, y_stride);
}

/// Every vector of rows by itself: their maxima, and the sums of e^(x - maximum).
HWY_INLINE void narrow_log_sums(const Columns& columns, std::size_t width, std::size_t count,
                                float* peaks, float* sums) {
  const Floats d;
  const FloatVector lowest = hn::Set(d, -kInfinity);
  for (std::size_t i = 0; i < count; i += kLanes) {
    FloatVector peak = lowest;
    for (std::size_t c = 0; c < width; ++c) peak = max_or_nan(peak, columns.at(c, i));
    const FloatVector shift = hn::IfThenZeroElse(hn::Eq(peak, lowest), peak);
    FloatVector sum = hn::Zero(d);
    for (std::size_t c = 0; c < width; ++c) {
      sum = hn::Add(sum, exp_term(d, hn::Sub(columns.at(c, i), shift)));
    }
    hn::Store(peak, d, peaks + i);
    hn::Store(sum, d, sums + i);
  }
}

void log_sum_rows(const Input& in, float* y, std::size_t y_stride) {
  HWY_ALIGN float peaks[kBlock] = {};
  if (in.width < kNarrowRow) {
    Columns columns;
    const auto fill = [&](std::size_t first, std::size_t, float* results) HWY_ATTR {
      const std::size_t count = transpose(in.x, in.stride, in.rows, in.width, first, columns);
      narrow_log_sums(columns, in.width, count, peaks, results);
      finish_log_sum(peaks, results);
    };
    return for_blocks(in, fill, y, y_stride);
  }
  const std::size_t turn = rows_in_turn(in.width);
  const auto fill = [&](std::size_t first, std::size_t count, float* results) HWY_ATTR {
    for (std::size_t from = 0; from < count; from += turn) {
      const std::size_t to = std::min(from + turn, count);
      for (std::size_t i = from; i < to; i += kGroup) {
        reduce_four(MaxOp(), in.four(first + i), in.width, peaks + i);
      }
      for (std::size_t i = from; i < to; i += kGroup) {
        reduce_four(ExpSumOp(peaks + i), in.four(first + i), in.width, results + i);
      }
    }
    finish_log_sum(peaks, results);
  };
  for_blocks(in, fill, y, y_stride);
}

void reduce_rows(Reduction op, const float* x, std::size_t stride, std::size_t rows,
                 std::size_t width, float* y, std::size_t y_stride) {
  const Input in{x, stride, rows, width};
  switch (op) {
    case Reduction::sum: return fold_rows<SumOp>(in, y, y_stride);
    case Reduction::mean: return mean_rows(in, y, y_stride);
    case Reduction::max: return fold_rows<MaxOp>(in, y, y_stride);
    case Reduction::min: return fold_rows<MinOp>(in, y, y_stride);
    case Reduction::l1_norm: return fold_rows<L1Op>(in, y, y_stride);
    case Reduction::l2_norm: return norm_rows(in, y, y_stride);
    case Reduction::sum_of_squares: return fold_rows<SquaresOp>(in, y, y_stride);
    case Reduction::logsumexp: return log_sum_rows(in, y, y_stride);
  }
}

void argmax_rows(const float* x, std::size_t stride, std::size_t rows, std::size_t width, float* y,
                 std::size_t y_stride) {
  const Input in{x, stride, rows, width};
  const auto fill = [&](std::size_t first, std::size_t count, float* results) HWY_ATTR {
    if (width < std::min(2 * kLanes, kNarrowRow)) {
      Columns columns;
      const std::size_t filled = transpose(x, stride, rows, width, first, columns);
      for (std::size_t i = 0; i < filled; i += kLanes) {
        hn::Store(first_column(columns, width, i), Floats(), results + i);
      }
      return;
    }
    for (std::size_t i = 0; i < count; i += kGroup) {
      first_columns(in.four(first + i), width, results + i);
    }
  };
  for_blocks(in, fill, y, y_stride);
}

bool finite_values(const float* x, std::size_t count) {
  const Floats d;
  const FloatVector zero = hn::Zero(d);
  // 0 * x is NaN for NaN and infinities, and NaN stays in a sum.
  FloatVector a = zero, b = zero, c = zero, e = zero;
  std::size_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
    a = hn::MulAdd(zero, hn::LoadU(d, x + i), a);
    b = hn::MulAdd(zero, hn::LoadU(d, x + i + kLanes), b);
    c = hn::MulAdd(zero, hn::LoadU(d, x + i + 2 * kLanes), c);
    e = hn::MulAdd(zero, hn::LoadU(d, x + i + 3 * kLanes), e);
  }
  for (; i + kLanes <= count; i += kLanes) a = hn::MulAdd(zero, hn::LoadU(d, x + i), a);
  if (i < count) b = hn::MulAdd(zero, load_first(x + i, count - i, zero), b);
  return hn::AllTrue(d, hn::Eq(hn::Add(hn::Add(a, b), hn::Add(c, e)), zero));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace nescio::math
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nescio::math {
namespace {

HWY_EXPORT(reduce_rows);
HWY_EXPORT(argmax_rows);
HWY_EXPORT(finite_values);

}  // namespace

void reduce(Reduction op, const float* x, std::size_t stride, std::size_t rows, std::size_t width,
            float* y, std::size_t y_stride) {
  HWY_DYNAMIC_DISPATCH(reduce_rows)(op, x, stride, rows, width, y, y_stride);
}

void argmax(const float* x, std::size_t stride, std::size_t rows, std::size_t width, float* y,
            std::size_t y_stride) {
  HWY_DYNAMIC_DISPATCH(argmax_rows)(x, stride, rows, width, y, y_stride);
}

bool all_finite(const float* x, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(finite_values)(x, count);
}

}  // namespace nescio::math
#endif  // HWY_ONCE
