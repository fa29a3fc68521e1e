#include "math/distance_bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/threads.h"
#include "math/encoded_row.h"
#include "math/float_above.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/distance_bounds.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include "math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nescio::math {
namespace HWY_NAMESPACE {
namespace {

/// |y|^2 - 2 x' y'.
template <class D>
HWY_INLINE hn::Vec<D> relative_distance(D d, const BoundedRows& r, std::size_t i,
                                        hn::Vec<D> product) {
  // Row's step first: two steps multiplied could fall below the range of floats.
  const auto scaled = hn::Mul(product, hn::LoadU(d, r.double_steps + i));
  const auto twice = hn::MulAdd(hn::Set(d, r.step), scaled,
                                hn::Mul(hn::Set(d, r.low), hn::LoadU(d, r.double_sums + i)));
  return hn::Sub(hn::LoadU(d, r.norms + i), twice);
}

/// A lower bound of sign * (|y|^2 - 2 x y), rounding apart.
template <class D>
HWY_INLINE hn::Vec<D> lower_bound(D d, const BoundedRows& r, float sign, std::size_t i,
                                  hn::Vec<D> product) {
  const auto relative = relative_distance(d, r, i, product);
  const auto outside = hn::Mul(hn::Set(d, r.double_tail), hn::LoadU(d, r.tails + i));
  const auto inside = hn::MulAdd(hn::Set(d, r.double_length), hn::LoadU(d, r.rests + i), outside);
  const auto error = hn::MulAdd(hn::Set(d, r.double_rest), hn::LoadU(d, r.lengths + i), inside);
  return hn::MulSub(hn::Set(d, sign), relative, error);
}

/// Finds the nearest codes of numbers, a vector of doubles of them at a time, and sums up what is left of them.
template <class Code, class D>
struct Encoder {
  using Half = hn::Rebind<float, D>;
  using Wide = hn::Vec<D>;
  HWY_INLINE void operator()(const float* x, Code* codes) {
    const Half half;
    const hn::RebindToSigned<Half> whole;
    const auto v = hn::LoadU(half, x);
    const auto least = hn::Set(half, ladder.least);
    const auto top = hn::Set(half, ladder.most + 0.5f - ladder.least);
    auto place = hn::MulAdd(hn::Sub(v, hn::Set(half, ladder.low)), hn::Set(half, ladder.inverse),
                            hn::Set(half, 0.5f - ladder.least));
    place = hn::IfThenElse(hn::Le(place, top), place, top);  // NaN becomes a number
    place = hn::Max(place, hn::Set(half, 0.5f));
    const auto code = hn::Add(hn::ConvertTo(whole, place), hn::ConvertTo(whole, least));
    const hn::Rebind<Code, D> bytes;
    hn::StoreU(hn::DemoteTo(bytes, code), bytes, codes);
    const D d;
    const Wide wide = hn::PromoteTo(d, v);
    const Wide step = hn::Mul(hn::Set(d, ladder.step), hn::PromoteTo(d, code));
    const Wide told = hn::Add(hn::Set(d, ladder.low), step);
    const Wide rest = hn::Sub(hn::Sub(wide, hn::Set(d, ladder.low)), step);
    rests = hn::MulAdd(rest, rest, rests);
    squares = hn::MulAdd(wide, wide, squares);
    told_squares = hn::MulAdd(told, told, told_squares);
    sum = hn::Add(sum, hn::PromoteTo(d, code));
  }
  void add_to(EncodedRow& out) const {
    const D d;
    out.rest += hn::GetLane(hn::SumOfLanes(d, rests));
    out.squares += hn::GetLane(hn::SumOfLanes(d, squares));
    out.told_squares += hn::GetLane(hn::SumOfLanes(d, told_squares));
    out.sum += hn::GetLane(hn::SumOfLanes(d, sum));
  }

  Ladder ladder;
  Wide rests = hn::Zero(D()), squares = hn::Zero(D()), told_squares = hn::Zero(D()),
       sum = hn::Zero(D());
};

template <class Code>
HWY_INLINE EncodedRow encode(const float* x, std::size_t width, const Ladder& ladder, Code* codes) {
  const hn::ScalableTag<double> d;
  Encoder<Code, hn::ScalableTag<double>> many{ladder};
  Encoder<Code, hn::CappedTag<double, 1>> one{ladder};
  std::size_t c = 0;
  for (; c + hn::Lanes(d) <= width; c += hn::Lanes(d)) many(x + c, codes + c);
  for (; c < width; ++c) one(x + c, codes + c);
  EncodedRow out;
  many.add_to(out);
  one.add_to(out);
  return out;
}

EncodedRow encode_row(const float* x, std::size_t width, const Ladder& ladder, std::int8_t* codes) {
  return encode(x, width, ladder, codes);
}
EncodedRow encode_point(const float* x, std::size_t width, const Ladder& ladder,
                        std::uint8_t* codes) {
  return encode(x, width, ladder, codes);
}

Range range_of(const float* x, std::size_t width) {
  const Floats d;
  FloatVector low = hn::Set(d, x[0]), high = low;
  std::size_t c = 0;
  for (; c + kLanes <= width; c += kLanes) {
    const FloatVector v = hn::LoadU(d, x + c);
    low = hn::Min(low, v);
    high = hn::Max(high, v);
  }
  Range out = {hn::GetLane(hn::MinOfLanes(d, low)), hn::GetLane(hn::MaxOfLanes(d, high))};
  for (; c < width; ++c) out = {std::min(out.low, x[c]), std::max(out.high, x[c])};
  return out;
}

void estimate_all(const BoundedRows& rows, std::size_t count, std::int32_t* products) {
  const auto fill = [&](auto d, std::size_t i) HWY_ATTR {
    const hn::RebindToSigned<decltype(d)> di;
    const auto product = hn::ConvertTo(d, hn::LoadU(di, products + i));
    hn::StoreU(hn::BitCast(di, relative_distance(d, rows, i, product)), di, products + i);
  };
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) fill(Floats(), i);
  for (; i < count; ++i) fill(hn::CappedTag<float, 1>(), i);
}

/// What is not above the bound, NaN included.
std::size_t keep_possible(const BoundedRows& rows, float sign, float limit, std::size_t count,
                          const std::int32_t* products, std::int32_t* possible) {
  const Floats d;
  const Integers di;
  const FloatVector bound = hn::Set(d, limit);
  const auto lanes = hn::Iota(di, 0);
  std::size_t kept = 0;
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const FloatVector product = hn::ConvertTo(d, hn::LoadU(di, products + i));
    const auto hit = hn::Not(hn::Gt(lower_bound(d, rows, sign, i, product), bound));
    if (HWY_LIKELY(hn::AllFalse(d, hit))) continue;
    const auto places = hn::Add(hn::Set(di, static_cast<std::int32_t>(i)), lanes);
    hn::StoreU(compress(places, hn::RebindMask(di, hit)), di, possible + kept);
    kept += hn::CountTrue(d, hit);
  }
  const hn::CappedTag<float, 1> one;
  for (; i < count; ++i) {
    const auto product = hn::Set(one, static_cast<float>(products[i]));
    const float value = hn::GetLane(lower_bound(one, rows, sign, i, product));
    possible[kept] = static_cast<std::int32_t>(i);
    kept += value > limit ? 0 : 1;
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
HWY_EXPORT(estimate_all);
HWY_EXPORT(encode_row);
HWY_EXPORT(encode_point);
HWY_EXPORT(range_of);

constexpr float infinity = std::numeric_limits<float>::infinity();
/// Of rows, with either sign.
constexpr float largest_code = 127;

}  // namespace

DistanceBounds::Points::Points(const DistanceBounds& bounds, std::size_t points)
    : projected_(bounds.directions_ ? points * bounds.width() : 0),
      bytes_(points * bounds.bytes_.point_width()),
      lows_(points),
      steps_(points),
      rests_(points),
      lengths_(points),
      tails_(points) {}

DistanceBounds::DistanceBounds(const DistanceTable& table,
                               std::optional<LeadingDirections> directions,
                               const ByteKernel& kernel)
    : table_(table),
      directions_(std::move(directions)),
      kernel_(kernel),
      bytes_(table.rows(), width()),
      double_steps_(table.rows()),
      double_sums_(table.rows()),
      rests_(table.rows()),
      tails_(table.rows()) {
  constexpr std::size_t block = 256;
  parallel_for((table.rows() + block - 1) / block, [&](std::size_t part) {
    const std::size_t begin = part * block, end = std::min(begin + block, table.rows());
    std::vector<float> projected;
    std::vector<std::int8_t> codes(width());
    if (directions_) {
      projected.resize((end - begin) * width());
      directions_->project(table.row_about_mean(begin), end - begin, table.width(),
                           projected.data());
    }
    for (std::size_t r = begin; r < end; ++r) {
      const float length = table.lengths()[r];
      if (!std::isfinite(length)) {
        rests_[r] = infinity;
        continue;
      }
      const float* row = directions_ ? &projected[(r - begin) * width()] : table.row_about_mean(r);
      const Range range = HWY_DYNAMIC_DISPATCH(range_of)(row, width());
      const Ladder ladder(0, std::max(-range.low, range.high), -largest_code, largest_code);
      const EncodedRow encoded =
          HWY_DYNAMIC_DISPATCH(encode_row)(row, width(), ladder, codes.data());
      bytes_.set(r, codes.data());
      double_steps_[r] = 2 * ladder.step;
      double_sums_[r] = static_cast<float>(2.0 * ladder.step * encoded.sum);
      rests_[r] = float_above(std::sqrt(encoded.rest) + projection_error(length));
      tails_[r] = tail(length, std::sqrt(encoded.squares));
    }
  });
}

double DistanceBounds::projection_error(double length) const {
  return directions_ ? directions_->relative_error() * length + directions_->absolute_error() : 0;
}

/// What a row of this length may have outside of the directions. |Px|^2 = a^T (Q^T Q)^-1 a for a = Q^T x.
float DistanceBounds::tail(double length, double projected) const {
  if (!directions_) return 0;
  const double least = std::max(0.0, projected - projection_error(length));
  const double whole = length * (1 + 1e-6);  // lengths are floats
  return float_above(
      std::sqrt(std::max(0.0, whole * whole - least * least / (1 + directions_->skew))));
}

void DistanceBounds::encode(MatrixView x, std::size_t count, Points& points) const {
  if (directions_) directions_->project(x.data, count, x.stride, points.projected_.data());
  for (std::size_t p = 0; p < count; ++p) {
    const float* row = directions_ ? &points.projected_[p * width()] : x.row(p);
    const Range range = HWY_DYNAMIC_DISPATCH(range_of)(row, width());
    const Ladder ladder(range.low, range.high - range.low, 0, kernel_.most);
    std::uint8_t* codes = points.bytes_.data() + p * bytes_.point_width();
    const EncodedRow encoded = HWY_DYNAMIC_DISPATCH(encode_point)(row, width(), ladder, codes);
    double rest = std::sqrt(encoded.rest);
    points.tails_[p] = 0;
    if (directions_) {
      double whole = 0;
      for (std::size_t c = 0; c < table_.width(); ++c) {
        whole += static_cast<double>(x.row(p)[c]) * x.row(p)[c];
      }
      const double length = std::sqrt(whole), skew = directions_->skew;
      // Besides: a^T ((Q^T Q)^-1 - 1) b for a = Q^T x, b = Q^T y, both up to 1 + skew longer than x and y.
      rest =
          (rest + projection_error(length) + skew / (1 - skew) * (1 + skew) * length) * (1 + skew);
      points.tails_[p] = tail(length, std::sqrt(encoded.squares));
    }
    points.lows_[p] = ladder.low;
    points.steps_[p] = ladder.step;
    points.rests_[p] = float_above(rest);
    points.lengths_[p] = float_above(std::sqrt(encoded.told_squares));
  }
}

void DistanceBounds::multiply(const Points& points, std::size_t point, std::size_t count,
                              std::size_t first, std::size_t rows, std::int32_t* products,
                              std::size_t stride) const {
  bytes_.multiply(points.bytes_.data() + point * bytes_.point_width(), count, first, rows, products,
                  stride, kernel_);
}

BoundedRows DistanceBounds::rows_for(const Points& points, std::size_t p, std::size_t first) const {
  constexpr double up = 2 * (1 + 1e-6);
  return {&table_.norms()[first],
          &table_.lengths()[first],
          &double_steps_[first],
          &double_sums_[first],
          &rests_[first],
          &tails_[first],
          points.lows_[p],
          points.steps_[p],
          float_above(up * points.rests_[p]),
          float_above(up * points.lengths_[p]),
          float_above(up * points.tails_[p])};
}

void DistanceBounds::estimate(const Points& points, std::size_t p, std::size_t first,
                              std::size_t rows, std::int32_t* products) const {
  HWY_DYNAMIC_DISPATCH(estimate_all)(rows_for(points, p, first), rows, products);
}

std::size_t DistanceBounds::possible_rows(const Points& points, std::size_t p, float sign,
                                          double limit, double error, std::size_t first,
                                          std::size_t rows, const std::int32_t* products,
                                          std::int32_t* possible) const {
  // Once for what the table's own numbers are off by, three times for the rounding of the bound: that
  // is below 5 units of |y|^2 + 8 sqrt(w) |x| |y|, where the error counts w + 16 units of |y| (2 |x| + |y|).
  const float limit_of_bounds = float_above(limit + 4 * error);
  return HWY_DYNAMIC_DISPATCH(keep_possible)(rows_for(points, p, first), sign, limit_of_bounds,
                                             rows, products, possible);
}

}  // namespace nescio::math
#endif  // HWY_ONCE
