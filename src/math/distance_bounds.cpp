#include "math/distance_bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/threads.h"
#include "math/float_above.h"
#include "math/gemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/distance_bounds.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include "math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nescio::math {
namespace HWY_NAMESPACE {
namespace {

/// A lower bound of sign * (|y|^2 - 2 x y), rounding apart.
template <class D>
HWY_INLINE hn::Vec<D> lower_bound(D d, const BoundedRows& r, std::size_t i, hn::Vec<D> product) {
  // Row's step first: two steps multiplied could fall below the range of floats.
  const auto scaled = hn::Mul(product, hn::LoadU(d, r.double_steps + i));
  const auto twice = hn::MulAdd(hn::Set(d, r.step), scaled,
                                hn::Mul(hn::Set(d, r.low), hn::LoadU(d, r.double_sums + i)));
  const auto relative = hn::Sub(hn::LoadU(d, r.norms + i), twice);
  const auto error = hn::MulAdd(hn::Set(d, r.double_rest), hn::LoadU(d, r.lengths + i),
                                hn::Mul(hn::Set(d, r.double_length), hn::LoadU(d, r.rests + i)));
  return hn::MulSub(hn::Set(d, r.sign), relative, error);
}

/// What is not above the bound, NaN included; the products make room for it.
std::size_t keep_possible(const BoundedRows& rows, std::size_t count, std::int32_t* products) {
  const Floats d;
  const Integers di;
  const FloatVector bound = hn::Set(d, rows.bound);
  const auto lanes = hn::Iota(di, 0);
  std::size_t kept = 0;
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const FloatVector product = hn::ConvertTo(d, hn::LoadU(di, products + i));
    const auto hit = hn::Not(hn::Gt(lower_bound(d, rows, i, product), bound));
    if (HWY_LIKELY(hn::AllFalse(d, hit))) continue;
    const auto places = hn::Add(hn::Set(di, static_cast<std::int32_t>(i)), lanes);
    hn::StoreU(compress(places, hn::RebindMask(di, hit)), di, products + kept);
    kept += hn::CountTrue(d, hit);
  }
  const hn::CappedTag<float, 1> one;
  for (; i < count; ++i) {
    const auto product = hn::Set(one, static_cast<float>(products[i]));
    const float value = hn::GetLane(lower_bound(one, rows, i, product));
    products[kept] = static_cast<std::int32_t>(i);
    kept += value > rows.bound ? 0 : 1;
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

HWY_EXPORT(keep_possible);

constexpr float infinity = std::numeric_limits<float>::infinity();
/// Steps below it would lose digits in products with their inverse.
constexpr float smallest_step = 1e-30f;
/// Bytes of points go up to this: pairs of products must fit in the 16 bits that AVX2 adds them in.
constexpr float most = 127;

/// The nearest codes of x, of those from `least` to 127 on the ladder low + step * code, and the
/// length of what they leave of it.
template <class Byte>
double encode_row(const float* x, std::size_t width, float low, float step, float least,
                  Byte* codes) {
  const float inverse = step > 0 ? 1 / step : 0;
  double squares = 0;
  for (std::size_t c = 0; c < width; ++c) {
    // In this order NaN becomes a number.
    const float place =
        std::max(0.5f, std::min(most + 0.5f - least, (x[c] - low) * inverse + 0.5f - least));
    const int code = static_cast<int>(place) + static_cast<int>(least);
    codes[c] = static_cast<Byte>(code);
    const double rest = static_cast<double>(x[c]) - low - static_cast<double>(step) * code;
    squares += rest * rest;
  }
  return std::sqrt(squares);
}

float step_of(float range) { return range > most * smallest_step ? range / most : 0; }

}  // namespace

bool DistanceBounds::pay(const DistanceTable& table) {
  return byte_products_are_fast() && table.width() >= 64 && table.rows() >= 8192;
}

DistanceBounds::DistanceBounds(const DistanceTable& table)
    : table_(table),
      bytes_(table.rows() * table.width()),
      double_steps_(table.rows()),
      double_sums_(table.rows()),
      rests_(table.rows()) {
  const std::size_t width = table.width();
  parallel_for(table.rows(), [&](std::size_t r) {
    if (!std::isfinite(table.lengths()[r])) {
      rests_[r] = infinity;
      return;
    }
    const float* row = table.row_about_mean(r);
    std::int8_t* codes = bytes_.data() + r * width;
    float largest = 0;
    for (std::size_t c = 0; c < width; ++c) largest = std::max(largest, std::abs(row[c]));
    const float step = step_of(largest);
    rests_[r] = float_above(encode_row(row, width, 0, step, -most, codes));
    double sum = 0;
    for (std::size_t c = 0; c < width; ++c) sum += codes[c];
    double_steps_[r] = 2 * step;
    double_sums_[r] = static_cast<float>(2.0 * step * sum);
  });
}

void DistanceBounds::encode(MatrixView x, std::size_t count, Points& points) const {
  const std::size_t width = table_.width();
  for (std::size_t p = 0; p < count; ++p) {
    const float* row = x.row(p);
    const auto [low, high] = std::minmax_element(row, row + width);
    const float step = step_of(*high - *low);
    const double rest = encode_row(row, width, *low, step, 0.0f, points.bytes_.data() + p * width);
    double squares = 0;
    for (std::size_t c = 0; c < width; ++c) {
      const double value = *low + static_cast<double>(step) * points.bytes_[p * width + c];
      squares += value * value;
    }
    points.lows_[p] = *low;
    points.steps_[p] = step;
    points.rests_[p] = float_above(rest);
    points.lengths_[p] = float_above(std::sqrt(squares));
  }
}

void DistanceBounds::multiply(const Points& points, std::size_t count, std::size_t first,
                              std::size_t rows, std::int32_t* products) const {
  const std::size_t width = table_.width();
  byte_gemm(count, rows, width, points.bytes_.data(), bytes_.data() + first * width, products);
}

std::size_t DistanceBounds::possible_rows(const Points& points, std::size_t p, float sign,
                                          double limit, double error, std::size_t first,
                                          std::size_t rows, std::int32_t* products) const {
  // Once for what the table's own numbers are off by, three times for the rounding of the bound: that
  // is below 5 units of |y|^2 + 8 sqrt(w) |x| |y|, where the error counts w + 16 units of |y| (2 |x| + |y|).
  const double rounding = 4 * error;
  constexpr double up = 2 * (1 + 1e-6);
  const BoundedRows of{&table_.norms()[first],
                       &table_.lengths()[first],
                       &double_steps_[first],
                       &double_sums_[first],
                       &rests_[first],
                       points.lows_[p],
                       points.steps_[p],
                       float_above(up * points.rests_[p]),
                       float_above(up * points.lengths_[p]),
                       sign,
                       float_above(limit + rounding)};
  return HWY_DYNAMIC_DISPATCH(keep_possible)(of, rows, products);
}

}  // namespace nescio::math
#endif  // HWY_ONCE
