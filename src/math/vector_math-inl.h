// Loads, stores and elementary functions on one Highway vector; compiled once per instruction set.
//
// Unlike Highway's own, exp, expm1, log and log1p here take every input, infinities and NaN
// included.

#if defined(NESCIO_MATH_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NESCIO_MATH_VECTOR_MATH_INL_H_
#undef NESCIO_MATH_VECTOR_MATH_INL_H_
#else
#define NESCIO_MATH_VECTOR_MATH_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <limits>

#include "math/compress_table.h"

// After highway.h.
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace nescio::math {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using FloatVector = hn::Vec<Floats>;
using Integers = hn::RebindToSigned<Floats>;
constexpr std::size_t kLanes = hn::MaxLanes(Floats());
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// The first `count` < kLanes floats at `from`, `padding` in the other lanes. Reads nothing beyond
/// them.
HWY_INLINE FloatVector load_first(const float* from, std::size_t count, FloatVector padding) {
  const Floats d;
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN float lanes[kLanes];
  hn::Store(padding, d, lanes);
  for (std::size_t i = 0; i < count; ++i) lanes[i] = from[i];
  return hn::Load(d, lanes);
#else
  const auto mask = hn::FirstN(d, count);
  return hn::IfThenElse(mask, hn::MaskedLoad(mask, d, from), padding);
#endif
}

/// The floats i .. width - 1 of a row, fewer than kLanes, each in some lane, and `padding` in the
/// other lanes. Rows of at least one vector end with a whole one, whose lanes that were seen before
/// are replaced: with AVX2 a load under a mask costs far more.
HWY_INLINE FloatVector load_rest(const float* row, std::size_t i, std::size_t width,
                                 FloatVector padding) {
  const Floats d;
  if (width < kLanes) return load_first(row + i, width - i, padding);
  const auto seen = hn::FirstN(d, kLanes - (width - i));
  return hn::IfThenElse(seen, padding, hn::LoadU(d, row + width - kLanes));
}

/// Writes the first `count` < kLanes lanes and nothing beyond them.
HWY_INLINE void store_first(FloatVector v, std::size_t count, float* to) {
  const Floats d;
#if HWY_MEM_OPS_MIGHT_FAULT
  HWY_ALIGN float lanes[kLanes];
  hn::Store(v, d, lanes);
  for (std::size_t i = 0; i < count; ++i) to[i] = lanes[i];
#else
  hn::BlendedStore(v, hn::FirstN(d, count), d, to);
#endif
}

/// The lanes under `mask`, in order, first; in the others anything. Highway's own (1.0.3), compiled by GCC 12,
/// copies its table of 1 KiB to the stack in every call where there is no instruction for it.
template <class V, class Mask>
HWY_INLINE V compress(V v, Mask mask) {
  const hn::DFromV<V> d;
  if constexpr (kLanes == 1 || kLanes > 8) {
    return hn::Compress(v, mask);
  } else {
    const hn::RebindToUnsigned<decltype(d)> du;
    const hn::Rebind<std::uint8_t, decltype(d)> bytes;
    std::uint8_t bits[8];
    hn::StoreMaskBits(d, mask, bits);
    const auto lanes = hn::PromoteTo(du, hn::LoadU(bytes, kCompressTable.data() + 8 * bits[0]));
    return hn::TableLookupLanes(v, hn::IndicesFromVec(d, lanes));
  }
}

/// The larger or smaller one; b where either is NaN.
template <class V>
HWY_INLINE V larger(V a, V b) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_SSE4
  return hn::Max(a, b);
#else
  return hn::IfThenElse(hn::Lt(b, a), a, b);
#endif
}
template <class V>
HWY_INLINE V smaller(V a, V b) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_SSE4
  return hn::Min(a, b);
#else
  return hn::IfThenElse(hn::Lt(a, b), a, b);
#endif
}

/// The larger or smaller one; NaN if either is.
template <class V>
HWY_INLINE V max_or_nan(V a, V b) {
  return hn::IfThenElse(hn::IsNaN(a), a, larger(a, b));
}
template <class V>
HWY_INLINE V min_or_nan(V a, V b) {
  return hn::IfThenElse(hn::IsNaN(a), a, smaller(a, b));
}

/// x between low and high; NaN stays NaN.
template <class V>
HWY_INLINE V clamp(V low, V x, V high) {
  return smaller(high, larger(low, x));
}

/// e^x split as y * 2^n with y in [0.70, 1.42]; n is left in the low bits of `shifted`.
template <class D, class V>
HWY_INLINE V exp_mantissa(D d, V x, V& shifted) {
  // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
  const V magic = hn::Set(d, 12582912.0f);
  shifted = hn::MulAdd(x, hn::Set(d, 1.44269504f), magic);
  const V n = hn::Sub(shifted, magic);
  // ln 2 in two parts, the first with few bits, so that n times it is exact without FMA too.
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693145751953125f), x);
  r = hn::NegMulAdd(n, hn::Set(d, 1.428606765330187045e-6f), r);
  // Least-squares fit of (e^r - 1 - r) / r^2 on [-ln2/2, ln2/2]: relative error of e^r below 4e-9.
  const V r2 = hn::Mul(r, r);
  const V low = hn::MulAdd(hn::Set(d, 0.166665181517601f), r, hn::Set(d, 0.49999988079071045f));
  const V high =
      hn::MulAdd(hn::Set(d, 0.008368954062461853f), r, hn::Set(d, 0.041669540107250214f));
  const V p = hn::MulAdd(hn::MulAdd(hn::Set(d, 0.0013751279329882071f), r2, high), r2, low);
  return hn::Add(hn::MulAdd(p, r2, r), hn::Set(d, 1.0f));
}

/// e^x within 1 ulp or so, denormal results included.
template <class D, class V>
HWY_INLINE V exp(D d, V x) {
  const hn::RebindToSigned<D> di;
  // The second operand survives a NaN in the first one and the other way round: max_or_nan is not
  // needed.
  const V clamped = clamp(hn::Set(d, -104.0f), x, hn::Set(d, 89.0f));
  V shifted;
  const V y = exp_mantissa(d, clamped, shifted);
  // 2^n in two factors, since n reaches from -150 to 128.
  const auto n = hn::Sub(hn::BitCast(di, shifted), hn::Set(di, 0x4B400000));
  const auto half = hn::ShiftRight<1>(n);
  const auto bias = hn::Set(di, 127);
  const V first = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(half, bias)));
  const V second = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::Sub(n, half), bias)));
  return hn::Mul(hn::Mul(y, first), second);
}

/// e^x for x <= 0 that goes into a sum: below -87 it gives e^-87, which no sum of at least 1
/// notices.
template <class D, class V>
HWY_INLINE V exp_term(D d, V x) {
  const hn::RebindToSigned<D> di;
  V shifted;
  const V y = exp_mantissa(d, larger(hn::Set(d, -87.0f), x), shifted);
  return hn::BitCast(d, hn::Add(hn::BitCast(di, y), hn::ShiftLeft<23>(hn::BitCast(di, shifted))));
}

/// log(x): -inf at 0, NaN below.
template <class D, class V>
HWY_INLINE V log(D d, V x) {
  const V infinity = hn::Set(d, kInfinity);
  const V zero = hn::Zero(d);
  V y = hn::Log(d, x);
  y = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(infinity), y);
  // Also +inf and NaN, which map to themselves.
  y = hn::IfThenElse(hn::Lt(x, infinity), y, x);
  return hn::IfThenElse(hn::Lt(x, zero), hn::Set(d, std::numeric_limits<float>::quiet_NaN()), y);
}

/// log(1 + x): -inf at -1, NaN below; exact to a few ulp around 0.
template <class D, class V>
HWY_INLINE V log1p(D d, V x) {
  const V infinity = hn::Set(d, kInfinity);
  const V minus_one = hn::Set(d, -1.0f);
  V y = hn::Log1p(d, x);
  y = hn::IfThenElse(hn::Eq(x, minus_one), hn::Neg(infinity), y);
  y = hn::IfThenElse(hn::Lt(x, infinity), y, x);
  return hn::IfThenElse(hn::Lt(x, minus_one), hn::Set(d, std::numeric_limits<float>::quiet_NaN()),
                        y);
}

/// e^x - 1; exact to a few ulp around 0.
template <class D, class V>
HWY_INLINE V expm1(D d, V x) {
  const V clamped = clamp(hn::Set(d, -104.0f), x, hn::Set(d, 89.0f));
  const V y = hn::Expm1(d, clamped);
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

}  // namespace HWY_NAMESPACE
}  // namespace nescio::math
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
