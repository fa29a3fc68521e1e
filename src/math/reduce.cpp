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
  HWY_INLINE FloatVector step(Floats, std::size_t, FloatVector acc, FloatVector x,
                              std::size_t) const {
    return hn::Add(acc, x);
  }
};
struct L1Op : AddLanes {
  HWY_INLINE FloatVector step(Floats, std::size_t, FloatVector acc, FloatVector x,
                              std::size_t) const {
    return hn::Add(acc, hn::Abs(x));
  }
};
struct SquaresOp : AddLanes {
  HWY_INLINE FloatVector step(Floats, std::size_t, FloatVector acc, FloatVector x,
                              std::size_t) const {
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
  HWY_INLINE V step(D, std::size_t, V acc, V x, std::size_t) const {
    return min_or_nan(acc, x);
  }
  template <class D, class V>
  HWY_INLINE V combine(D, V a, V b) const {
    return min_or_nan(a, b);
  }
};

/// The first column whose value is the row's maximum, or NaN.
class FirstColumnOp {
 public:
  HWY_INLINE explicit FirstColumnOp(const float* peaks) {
    for (std::size_t i = 0; i < kGroup; ++i) peak_[i] = hn::Set(Floats(), peaks[i]);
  }
  template <class D>
  HWY_INLINE hn::Vec<D> padding(D d) const {
    // May equal the maximum, but never in the first such column.
    return hn::Set(d, -kInfinity);
  }
  template <class D>
  HWY_INLINE hn::Vec<D> start(D d) const {
    return hn::Set(d, kInfinity);
  }
  HWY_INLINE FloatVector step(Floats d, std::size_t row, FloatVector acc, FloatVector x,
                              std::size_t column) const {
    const auto hit = hn::Or(hn::Eq(x, peak_[row]), hn::IsNaN(x));
    const FloatVector here = hn::Iota(d, static_cast<float>(column));
    return hn::IfThenElse(hit, hn::Min(acc, here), acc);
  }
  template <class D, class V>
  HWY_INLINE V combine(D, V a, V b) const {
    return hn::Min(a, b);
  }

 private:
  FloatVector peak_[kGroup];
};

/// Calls four(rows, index in the block) for the rows of each block in fours, which writes into the
/// block's results, then finish(first row), and copies the results to y.
template <class Four, class Finish>
HWY_INLINE void for_blocks(const float* x, std::size_t stride, std::size_t rows, const Four& four,
                           const Finish& finish, const float* results, float* y,
                           std::size_t y_stride) {
  for (std::size_t first = 0; first < rows; first += kBlock) {
    const std::size_t count = std::min(kBlock, rows - first);
    for (std::size_t i = 0; i < count; i += kGroup) {
      four.run(four_rows(x, stride, rows, first + i), i);
    }
    finish.run(first, count);
    for (std::size_t i = 0; i < count; ++i) y[(first + i) * y_stride] = results[i];
  }
}

/// Where the results of a block are kept; the lanes of rows that do not exist hold harmless values.
struct Block {
  HWY_ALIGN float peaks[kBlock] = {};
  HWY_ALIGN float results[kBlock] = {};
};

struct NoFinish {
  HWY_INLINE void run(std::size_t, std::size_t) const {}
};

template <class Op>
struct Fold {
  Block& block;
  std::size_t width;
  HWY_INLINE void run(const FourRows& four, std::size_t i) const {
    reduce_four(Op(), four, width, block.results + i);
  }
};

struct DivideByWidth {
  Block& block;
  float width;
  HWY_INLINE void run(std::size_t, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) block.results[i] /= width;
  }
};

/// The root of the sum of squares; squares that left the range of floats are added again as
/// doubles.
struct Root {
  Block& block;
  const float* x;
  std::size_t stride;
  std::size_t width;
  HWY_INLINE void run(std::size_t first, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
      const float squares = block.results[i];
      block.results[i] = std::sqrt(squares);
      if (squares < 1e-30f || squares > 1e38f) block.results[i] = exact(x + (first + i) * stride);
    }
  }
  HWY_NOINLINE float exact(const float* row) const {
    double sum = 0;
    for (std::size_t c = 0; c < width; ++c) sum += static_cast<double>(row[c]) * row[c];
    return static_cast<float>(std::sqrt(sum));
  }
};

struct FoldExp {
  Block& block;
  std::size_t width;
  HWY_INLINE void run(const FourRows& four, std::size_t i) const {
    reduce_four(MaxOp(), four, width, block.peaks + i);
    reduce_four(ExpSumOp(block.peaks + i), four, width, block.results + i);
  }
};
struct FinishLogSum {
  Block& block;
  HWY_INLINE void run(std::size_t, std::size_t) const {
    finish_log_sum(block.peaks, block.results);
  }
};

struct FoldArgmax {
  Block& block;
  std::size_t width;
  HWY_INLINE void run(const FourRows& four, std::size_t i) const {
    reduce_four(MaxOp(), four, width, block.peaks + i);
    reduce_four(FirstColumnOp(block.peaks + i), four, width, block.results + i);
  }
};

void reduce_rows(Reduction op, const float* x, std::size_t stride, std::size_t rows,
                 std::size_t width, float* y, std::size_t y_stride) {
  Block block;
  const auto run = [&](const auto& four, const auto& finish) HWY_ATTR {
    for_blocks(x, stride, rows, four, finish, block.results, y, y_stride);
  };
  switch (op) {
    case Reduction::sum: return run(Fold<SumOp>{block, width}, NoFinish{});
    case Reduction::mean:
      return run(Fold<SumOp>{block, width}, DivideByWidth{block, static_cast<float>(width)});
    case Reduction::max: return run(Fold<MaxOp>{block, width}, NoFinish{});
    case Reduction::min: return run(Fold<MinOp>{block, width}, NoFinish{});
    case Reduction::l1_norm: return run(Fold<L1Op>{block, width}, NoFinish{});
    case Reduction::l2_norm:
      return run(Fold<SquaresOp>{block, width}, Root{block, x, stride, width});
    case Reduction::sum_of_squares: return run(Fold<SquaresOp>{block, width}, NoFinish{});
    case Reduction::logsumexp: return run(FoldExp{block, width}, FinishLogSum{block});
  }
}

void argmax_rows(const float* x, std::size_t stride, std::size_t rows, std::size_t width, float* y,
                 std::size_t y_stride) {
  Block block;
  for_blocks(x, stride, rows, FoldArgmax{block, width}, NoFinish{}, block.results, y, y_stride);
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
