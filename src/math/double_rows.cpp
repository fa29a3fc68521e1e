#include "math/double_rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/double_rows.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace nescio::math {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Doubles = hn::ScalableTag<double>;
using DoubleVector = hn::Vec<Doubles>;
constexpr std::size_t kDoubles = hn::MaxLanes(Doubles());

void widen_values(const float* x, double* y, std::size_t count) {
  const Doubles d;
  const hn::Rebind<float, Doubles> half;
  std::size_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) {
    hn::StoreU(hn::PromoteTo(d, hn::LoadU(half, x + i)), d, y + i);
  }
  for (; i < count; ++i) y[i] = static_cast<double>(x[i]);
}

bool finite_doubles(const double* x, std::size_t count) {
  const Doubles d;
  // 0 * x is NaN for NaN and infinities, and NaN stays in a sum.
  const DoubleVector zero = hn::Zero(d);
  DoubleVector a = zero, b = zero, c = zero, e = zero;
  std::size_t i = 0;
  for (; i + 4 * kDoubles <= count; i += 4 * kDoubles) {
    a = hn::MulAdd(zero, hn::LoadU(d, x + i), a);
    b = hn::MulAdd(zero, hn::LoadU(d, x + i + kDoubles), b);
    c = hn::MulAdd(zero, hn::LoadU(d, x + i + 2 * kDoubles), c);
    e = hn::MulAdd(zero, hn::LoadU(d, x + i + 3 * kDoubles), e);
  }
  double rest = 0;
  for (; i < count; ++i) rest += x[i] * 0.0;
  const DoubleVector sum = hn::Add(hn::Add(a, b), hn::Add(c, e));
  return rest == 0 && hn::AllTrue(d, hn::Eq(sum, zero));
}

void add_values(const double* x, double* y, std::size_t count) {
  const Doubles d;
  std::size_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) {
    hn::StoreU(hn::Add(hn::LoadU(d, y + i), hn::LoadU(d, x + i)), d, y + i);
  }
  for (; i < count; ++i) y[i] += x[i];
}

void subtract_values(const double* x, double* y, std::size_t count) {
  const Doubles d;
  std::size_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) {
    hn::StoreU(hn::Sub(hn::LoadU(d, y + i), hn::LoadU(d, x + i)), d, y + i);
  }
  for (; i < count; ++i) y[i] -= x[i];
}

/// Of `rows` <= kTogether rows, whose sums stay in registers.
constexpr std::size_t kTogether = 8;

template <std::size_t rows>
HWY_INLINE void add_some(const double* x, std::size_t width, double* sums, double* squares) {
  const Doubles d;
  std::size_t c = 0;
  for (; c + kDoubles <= width; c += kDoubles) {
    DoubleVector sum = hn::LoadU(d, sums + c), square = hn::LoadU(d, squares + c);
    for (std::size_t r = 0; r < rows; ++r) {
      const DoubleVector v = hn::LoadU(d, x + r * width + c);
      sum = hn::Add(sum, v);
      square = hn::MulAdd(v, v, square);
    }
    hn::StoreU(sum, d, sums + c);
    hn::StoreU(square, d, squares + c);
  }
  for (; c < width; ++c) {
    for (std::size_t r = 0; r < rows; ++r) {
      const double v = x[r * width + c];
      sums[c] += v;
      squares[c] += v * v;
    }
  }
}

void add_rows(const double* x, std::size_t rows, std::size_t width, double* sums, double* squares) {
  std::size_t r = 0;
  for (; r + kTogether <= rows; r += kTogether) {
    add_some<kTogether>(x + r * width, width, sums, squares);
  }
  for (; r < rows; ++r) add_some<1>(x + r * width, width, sums, squares);
}

double exp_values(double* x, std::size_t count, double shift) {
  const Doubles d;
  const DoubleVector top = hn::Set(d, shift);
  DoubleVector sum = hn::Zero(d);
  std::size_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) {
    const DoubleVector e = hn::Exp(d, hn::Sub(hn::LoadU(d, x + i), top));
    hn::StoreU(e, d, x + i);
    sum = hn::Add(sum, e);
  }
  double total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < count; ++i) total += x[i] = std::exp(x[i] - shift);
  return total;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace nescio::math
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nescio::math {
namespace {

HWY_EXPORT(widen_values);
HWY_EXPORT(finite_doubles);
HWY_EXPORT(add_values);
HWY_EXPORT(subtract_values);
HWY_EXPORT(add_rows);
HWY_EXPORT(exp_values);

}  // namespace

void widen(const float* x, double* y, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(widen_values)(x, y, count);
}

bool all_finite(const double* x, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(finite_doubles)(x, count);
}

void add(const double* x, double* y, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(add_values)(x, y, count);
}

void subtract(const double* x, double* y, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(subtract_values)(x, y, count);
}

void add_columns(const double* x, std::size_t rows, std::size_t width, double* sums,
                 double* squares) {
  HWY_DYNAMIC_DISPATCH(add_rows)(x, rows, width, sums, squares);
}

double exp_terms(double* x, std::size_t count, double shift) {
  return HWY_DYNAMIC_DISPATCH(exp_values)(x, count, shift);
}

}  // namespace nescio::math
#endif  // HWY_ONCE
