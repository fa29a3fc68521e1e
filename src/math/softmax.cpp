#include "math/row_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/softmax.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include "math/fold_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nescio::math {
namespace HWY_NAMESPACE {
namespace {

/// The two largest values that a lane has seen.
struct TopTwo {
  FloatVector first;
  FloatVector second;
};

HWY_INLINE TopTwo top_two_of_lanes(const float* row, std::size_t width) {
  const Floats d;
  TopTwo top{hn::Set(d, -kInfinity), hn::Set(d, -kInfinity)};
  std::size_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    const FloatVector x = hn::LoadU(d, row + i);
    top.second = hn::Max(top.second, hn::Min(top.first, x));
    top.first = max_or_nan(top.first, x);
  }
  if (i < width) {
    const FloatVector x = load_rest(row, i, width, hn::Set(d, -kInfinity));
    top.second = hn::Max(top.second, hn::Min(top.first, x));
    top.first = max_or_nan(top.first, x);
  }
  return top;
}

/// The largest and the second largest value of four rows; equal ones where the largest occurs
/// twice.
HWY_INLINE void top_two(const FourRows& four, std::size_t width, float* first, float* second) {
  const Floats d;
  TopTwo top[kGroup];
  for (std::size_t i = 0; i < kGroup; ++i) top[i] = top_two_of_lanes(four.row[i], width);
  fold(MaxOp(), top[0].first, top[1].first, top[2].first, top[3].first, first);
  FloatVector rest[kGroup];
  bool tie[kGroup];
  for (std::size_t i = 0; i < kGroup; ++i) {
    const auto holds_first = hn::Eq(top[i].first, hn::Set(d, first[i]));
    rest[i] = hn::IfThenElse(holds_first, top[i].second, top[i].first);
    tie[i] = hn::CountTrue(d, holds_first) > 1;
  }
  fold(MaxOp(), rest[0], rest[1], rest[2], rest[3], second);
  for (std::size_t i = 0; i < kGroup; ++i) {
    if (tie[i]) second[i] = first[i];
  }
}

/// The sum of e^(x - second) over all columns but one that holds the first; that one is left out by
/// its value, and where it occurs more often its terms are 1 each, of which the caller takes one
/// back.
class RestSumOp : public AddLanes {
 public:
  HWY_INLINE RestSumOp(const float* first, const float* second) {
    const Floats d;
    const FloatVector lowest = hn::Set(d, -kInfinity);
    for (std::size_t i = 0; i < kGroup; ++i) {
      first_[i] = hn::Set(d, first[i]);
      tie_[i] = hn::Set(d, first[i] == second[i] ? 1.0f : 0.0f);
      const FloatVector peak = hn::Set(d, second[i]);
      shift_[i] = hn::IfThenZeroElse(hn::Eq(peak, lowest), peak);
    }
  }
  template <class D>
  HWY_INLINE hn::Vec<D> padding(D d) const {
    return hn::Set(d, -kInfinity);
  }
  HWY_INLINE FloatVector step(Floats d, std::size_t row, FloatVector acc, FloatVector x) const {
    const FloatVector term = exp_term(d, hn::Sub(x, shift_[row]));
    return hn::Add(acc, hn::IfThenElse(hn::Eq(x, first_[row]), tie_[row], term));
  }

 private:
  FloatVector first_[kGroup];
  FloatVector tie_[kGroup];
  FloatVector shift_[kGroup];
};

/// The same three of narrow rows, a vector of rows at a time.
HWY_INLINE void narrow_rest(const Columns& columns, std::size_t width, std::size_t count,
                            float* firsts, float* seconds, float* sums) {
  const Floats d;
  const FloatVector lowest = hn::Set(d, -kInfinity);
  for (std::size_t i = 0; i < count; i += kLanes) {
    FloatVector first = lowest, second = lowest;
    for (std::size_t c = 0; c < width; ++c) {
      const FloatVector x = columns.at(c, i);
      second = hn::Max(second, hn::Min(first, x));
      first = max_or_nan(first, x);
    }
    const FloatVector shift = hn::IfThenZeroElse(hn::Eq(second, lowest), second);
    const FloatVector tie = hn::IfThenElseZero(hn::Eq(first, second), hn::Set(d, 1.0f));
    FloatVector sum = hn::Zero(d);
    for (std::size_t c = 0; c < width; ++c) {
      const FloatVector x = columns.at(c, i);
      const FloatVector term = exp_term(d, hn::Sub(x, shift));
      sum = hn::Add(sum, hn::IfThenElse(hn::Eq(x, first), tie, term));
    }
    hn::Store(first, d, firsts + i);
    hn::Store(second, d, seconds + i);
    hn::Store(sum, d, sums + i);
  }
}

/// The log of the sum of e^x over all columns but the first that holds the maximum; with
/// `below_first` less the maximum.
void rest_rows(const float* x, std::size_t stride, std::size_t rows, std::size_t width,
               bool below_first, float* y, std::size_t y_stride) {
  HWY_ALIGN float first[kBlock] = {};
  HWY_ALIGN float second[kBlock] = {};
  HWY_ALIGN float sums[kBlock] = {};
  Columns columns;
  const std::size_t turn = rows_in_turn(width);
  for (std::size_t begin = 0; begin < rows; begin += kBlock) {
    const std::size_t count = std::min(kBlock, rows - begin);
    if (width < kNarrowRow) {
      const std::size_t filled = transpose(x, stride, rows, width, begin, columns);
      narrow_rest(columns, width, filled, first, second, sums);
    }
    for (std::size_t from = width < kNarrowRow ? count : 0; from < count; from += turn) {
      const std::size_t to = std::min(from + turn, count);
      for (std::size_t i = from; i < to; i += kGroup) {
        top_two(four_rows(x, stride, rows, begin + i), width, first + i, second + i);
      }
      for (std::size_t i = from; i < to; i += kGroup) {
        const FourRows four = four_rows(x, stride, rows, begin + i);
        reduce_four(RestSumOp(first + i, second + i), four, width, sums + i);
      }
    }
    for (std::size_t i = 0; i < count; ++i) sums[i] -= first[i] == second[i] ? 1.0f : 0.0f;
    if (below_first) {
      for (std::size_t i = 0; i < count; ++i) second[i] -= first[i];
    }
    finish_log_sum(second, sums);
    for (std::size_t i = 0; i < count; ++i) y[(begin + i) * y_stride] = sums[i];
  }
}

/// e^x for x <= 0; results below 1.6e-38 are 0.
HWY_INLINE FloatVector exp_or_zero(FloatVector x) {
  const Floats d;
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -87.0f)), exp_term(d, x));
}

/// y = e^(x - peak); the sum over the lanes is left to the caller.
HWY_INLINE FloatVector exp_row(const float* x, float peak, std::size_t width, float* y) {
  const Floats d;
  const FloatVector shift = hn::Set(d, peak);
  FloatVector sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    const FloatVector e = exp_or_zero(hn::Sub(hn::LoadU(d, x + i), shift));
    sum = hn::Add(sum, e);
    hn::StoreU(e, d, y + i);
  }
  if (i < width) {
    const FloatVector lowest = hn::Set(d, -kInfinity);
    const FloatVector e = exp_or_zero(hn::Sub(load_first(x + i, width - i, lowest), shift));
    sum = hn::Add(sum, e);
    store_first(e, width - i, y + i);
  }
  return sum;
}

HWY_INLINE void scale_row(float* y, float factor, std::size_t width) {
  const Floats d;
  const FloatVector f = hn::Set(d, factor);
  std::size_t i = 0;
  for (; i + kLanes <= width; i += kLanes) hn::StoreU(hn::Mul(hn::LoadU(d, y + i), f), d, y + i);
  if (i < width) store_first(hn::Mul(load_first(y + i, width - i, f), f), width - i, y + i);
}

void softmax_rows(const float* x, std::size_t stride, std::size_t rows, std::size_t width,
                  float* y) {
  HWY_ALIGN float peaks[kBlock];
  HWY_ALIGN float sums[kBlock];
  const std::size_t turn = rows_in_turn(width);
  for (std::size_t begin = 0; begin < rows; begin += turn) {
    const std::size_t count = std::min(turn, rows - begin);
    for (std::size_t i = 0; i < count; i += kGroup) {
      reduce_four(MaxOp(), four_rows(x, stride, rows, begin + i), width, peaks + i);
    }
    for (std::size_t i = 0; i < count; i += kGroup) {
      const FourRows four = four_rows(x, stride, rows, begin + i);
      FloatVector lanes[kGroup];
      for (std::size_t g = 0; g < kGroup; ++g) {
        // Copies of the last row write the same values once more.
        float* to = y + std::min(begin + i + g, rows - 1) * width;
        lanes[g] = exp_row(four.row[g], peaks[i + g], width, to);
      }
      fold(AddLanes(), lanes[0], lanes[1], lanes[2], lanes[3], sums + i);
    }
    for (std::size_t i = 0; i < count; ++i) {
      // Where the maximum is NaN or infinite nothing else is known.
      const bool known = peaks[i] - peaks[i] == 0;
      const float factor = known ? 1.0f / sums[i] : std::numeric_limits<float>::quiet_NaN();
      scale_row(y + (begin + i) * width, factor, width);
    }
  }
}

/// y = x - peak - log_sum; subtracting in this order keeps the digits of large logits.
HWY_INLINE void shift_row(const float* x, float peak, float log_sum, std::size_t width, float* y) {
  const Floats d;
  const FloatVector p = hn::Set(d, peak);
  const FloatVector s = hn::Set(d, log_sum);
  std::size_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    hn::StoreU(hn::Sub(hn::Sub(hn::LoadU(d, x + i), p), s), d, y + i);
  }
  if (i < width) {
    const FloatVector v = load_first(x + i, width - i, p);
    store_first(hn::Sub(hn::Sub(v, p), s), width - i, y + i);
  }
}

void log_softmax_rows(const float* x, std::size_t stride, std::size_t rows, std::size_t width,
                      float* y) {
  const Floats d;
  HWY_ALIGN float peaks[kBlock] = {};
  HWY_ALIGN float sums[kBlock] = {};
  const std::size_t turn = rows_in_turn(width);
  for (std::size_t begin = 0; begin < rows; begin += turn) {
    const std::size_t count = std::min(turn, rows - begin);
    for (std::size_t i = 0; i < count; i += kGroup) {
      reduce_four(MaxOp(), four_rows(x, stride, rows, begin + i), width, peaks + i);
    }
    for (std::size_t i = 0; i < count; i += kGroup) {
      const FourRows four = four_rows(x, stride, rows, begin + i);
      reduce_four(ExpSumOp(peaks + i), four, width, sums + i);
    }
    for (std::size_t i = 0; i < count; i += kLanes) {
      // Where the maximum is NaN or infinite, peak - peak is NaN, and so is the row.
      const FloatVector peak = hn::Load(d, peaks + i);
      const FloatVector log_sum = log(d, hn::Load(d, sums + i));
      hn::Store(hn::Add(log_sum, hn::Sub(peak, peak)), d, sums + i);
    }
    for (std::size_t i = 0; i < count; ++i) {
      shift_row(x + (begin + i) * stride, peaks[i], sums[i], width, y + (begin + i) * width);
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace nescio::math
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nescio::math {
namespace {

HWY_EXPORT(rest_rows);
HWY_EXPORT(softmax_rows);
HWY_EXPORT(log_softmax_rows);

}  // namespace

void logsumexp_rest(const float* x, std::size_t stride, std::size_t rows, std::size_t width,
                    float* y, std::size_t y_stride) {
  HWY_DYNAMIC_DISPATCH(rest_rows)(x, stride, rows, width, false, y, y_stride);
}

void log_odds(const float* x, std::size_t stride, std::size_t rows, std::size_t width, float* y,
              std::size_t y_stride) {
  HWY_DYNAMIC_DISPATCH(rest_rows)(x, stride, rows, width, true, y, y_stride);
}

void softmax(const float* x, std::size_t stride, std::size_t rows, std::size_t width, float* y) {
  HWY_DYNAMIC_DISPATCH(softmax_rows)(x, stride, rows, width, y);
}

void log_softmax(const float* x, std::size_t stride, std::size_t rows, std::size_t width,
                 float* y) {
  HWY_DYNAMIC_DISPATCH(log_softmax_rows)(x, stride, rows, width, y);
}

}  // namespace nescio::math
#endif  // HWY_ONCE
