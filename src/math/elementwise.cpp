#include <cmath>
#include <limits>

#include "math/row_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/elementwise.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include "math/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace nescio::math {
namespace HWY_NAMESPACE {
namespace {

// One structure per operation: a vector in (or two), a vector out.

struct NegateOp {
  HWY_INLINE FloatVector operator()(Floats, FloatVector x) const { return hn::Neg(x); }
};
struct ExpOp {
  HWY_INLINE FloatVector operator()(Floats d, FloatVector x) const { return exp(d, x); }
};
struct Expm1Op {
  HWY_INLINE FloatVector operator()(Floats d, FloatVector x) const { return expm1(d, x); }
};
struct LogOp {
  HWY_INLINE FloatVector operator()(Floats d, FloatVector x) const { return log(d, x); }
};
struct Log1pOp {
  HWY_INLINE FloatVector operator()(Floats d, FloatVector x) const { return log1p(d, x); }
};
struct SqrtOp {
  HWY_INLINE FloatVector operator()(Floats, FloatVector x) const { return hn::Sqrt(x); }
};
struct AbsOp {
  HWY_INLINE FloatVector operator()(Floats, FloatVector x) const { return hn::Abs(x); }
};

struct AddOp {
  HWY_INLINE FloatVector operator()(Floats, FloatVector a, FloatVector b) const {
    return hn::Add(a, b);
  }
};
struct SubtractOp {
  HWY_INLINE FloatVector operator()(Floats, FloatVector a, FloatVector b) const {
    return hn::Sub(a, b);
  }
};
struct MultiplyOp {
  HWY_INLINE FloatVector operator()(Floats, FloatVector a, FloatVector b) const {
    return hn::Mul(a, b);
  }
};
struct DivideOp {
  HWY_INLINE FloatVector operator()(Floats, FloatVector a, FloatVector b) const {
    return hn::Div(a, b);
  }
};
struct SmallerOp {
  HWY_INLINE FloatVector operator()(Floats, FloatVector a, FloatVector b) const {
    return min_or_nan(a, b);
  }
};
struct LargerOp {
  HWY_INLINE FloatVector operator()(Floats, FloatVector a, FloatVector b) const {
    return max_or_nan(a, b);
  }
};
struct LogAddExpOp {
  HWY_INLINE FloatVector operator()(Floats d, FloatVector a, FloatVector b) const {
    const FloatVector distance = hn::Abs(hn::Sub(a, b));
    const FloatVector sum = hn::Add(hn::Max(a, b), log1p(d, exp(d, hn::Neg(distance))));
    // Equal infinities have no difference.
    return hn::IfThenElse(hn::Eq(a, b), hn::Add(a, hn::Set(d, 0.693147181f)), sum);
  }
};

struct PowOp {
  HWY_INLINE FloatVector operator()(Floats d, FloatVector a, FloatVector b) const {
    HWY_ALIGN float base[kLanes];
    HWY_ALIGN float exponent[kLanes];
    HWY_ALIGN float y[kLanes];
    hn::Store(a, d, base);
    hn::Store(b, d, exponent);
    std::size_t first = 0;
#if HWY_TARGET != HWY_SCALAR
    // e^(b log a) in double precision: in single one, errors of b log a would grow with its size.
    const hn::Repartition<double, Floats> wide;
    const hn::Rebind<float, decltype(wide)> narrow;
    const auto limit = hn::Set(wide, 700.0);
    for (; first < kLanes; first += hn::MaxLanes(wide)) {
      const auto u = hn::PromoteTo(wide, hn::Load(narrow, base + first));
      const auto v = hn::PromoteTo(wide, hn::Load(narrow, exponent + first));
      const auto power = hn::Mul(v, hn::Log(wide, u));
      const auto clamped = hn::Min(limit, hn::Max(hn::Neg(limit), power));
      hn::Store(hn::DemoteTo(narrow, hn::Exp(wide, clamped)), narrow, y + first);
    }
#endif
    for (std::size_t i = 0; i < kLanes; ++i) {
      // Highway's emulated target narrows what is too large to the largest float, others to infinity.
      const bool done = first > 0 && base[i] > 0 && base[i] < kInfinity &&
                        std::isfinite(exponent[i]) && y[i] < std::numeric_limits<float>::max();
      if (!done) y[i] = std::pow(base[i], exponent[i]);
    }
    return hn::Load(d, y);
  }
};

template <class M>
HWY_INLINE FloatVector one_where(M mask) {
  const Floats d;
  return hn::IfThenElseZero(mask, hn::Set(d, 1.0f));
}
struct LessOp {
  HWY_INLINE FloatVector operator()(Floats, FloatVector a, FloatVector b) const {
    return one_where(hn::Lt(a, b));
  }
};
struct LessEqualOp {
  HWY_INLINE FloatVector operator()(Floats, FloatVector a, FloatVector b) const {
    return one_where(hn::Le(a, b));
  }
};
struct EqualOp {
  HWY_INLINE FloatVector operator()(Floats, FloatVector a, FloatVector b) const {
    return one_where(hn::Eq(a, b));
  }
};
struct NotEqualOp {
  HWY_INLINE FloatVector operator()(Floats, FloatVector a, FloatVector b) const {
    return one_where(hn::Not(hn::Eq(a, b)));
  }
};
/// b op a
template <class Op>
struct Swapped {
  HWY_INLINE FloatVector operator()(Floats d, FloatVector a, FloatVector b) const {
    return Op()(d, b, a);
  }
};

template <class Op>
void map(Op op, const float* x, float* y, std::size_t count) {
  const Floats d;
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) hn::StoreU(op(d, hn::LoadU(d, x + i)), d, y + i);
  if (i < count) {
    store_first(op(d, load_first(x + i, count - i, hn::Set(d, 1.0f))), count - i, y + i);
  }
}

void apply_unary(Unary op, const float* x, float* y, std::size_t count) {
  switch (op) {
    case Unary::negate: return map(NegateOp(), x, y, count);
    case Unary::exp: return map(ExpOp(), x, y, count);
    case Unary::expm1: return map(Expm1Op(), x, y, count);
    case Unary::log: return map(LogOp(), x, y, count);
    case Unary::log1p: return map(Log1pOp(), x, y, count);
    case Unary::sqrt: return map(SqrtOp(), x, y, count);
    case Unary::abs: return map(AbsOp(), x, y, count);
  }
}

/// One row of an operand: its columns, or one value for all of them.
template <bool kColumns>
class Source {
 public:
  HWY_INLINE explicit Source(const float* row) : row_(row) {
    const Floats d;
    value_ = hn::Set(d, kColumns ? 0.0f : *row);
  }
  HWY_INLINE FloatVector load(std::size_t i) const {
    const Floats d;
    if constexpr (kColumns) return hn::LoadU(d, row_ + i);
    return value_;
  }
  HWY_INLINE FloatVector load(std::size_t i, std::size_t count) const {
    const Floats d;
    if constexpr (kColumns) return load_first(row_ + i, count, hn::Set(d, 1.0f));
    return value_;
  }

 private:
  const float* row_;
  FloatVector value_;
};

template <bool kColumnsA, bool kColumnsB, class Op>
void map_rows(Op op, Operand a, Operand b, float* y, std::size_t rows, std::size_t width) {
  const Floats d;
  for (std::size_t r = 0; r < rows; ++r) {
    const Source<kColumnsA> from_a(a.data + r * a.row_stride);
    const Source<kColumnsB> from_b(b.data + r * b.row_stride);
    float* to = y + r * width;
    std::size_t i = 0;
    for (; i + kLanes <= width; i += kLanes) {
      hn::StoreU(op(d, from_a.load(i), from_b.load(i)), d, to + i);
    }
    if (i < width) {
      const std::size_t count = width - i;
      store_first(op(d, from_a.load(i, count), from_b.load(i, count)), count, to + i);
    }
  }
}

template <class Op>
void map_any(Op op, Operand a, Operand b, float* y, std::size_t rows, std::size_t width) {
  if (a.column_stride == 0) {
    if (b.column_stride == 0) return map_rows<false, false>(op, a, b, y, rows, width);
    return map_rows<false, true>(op, a, b, y, rows, width);
  }
  if (b.column_stride == 0) return map_rows<true, false>(op, a, b, y, rows, width);
  return map_rows<true, true>(op, a, b, y, rows, width);
}

void apply_binary(Binary op, Operand a, Operand b, float* y, std::size_t rows, std::size_t width) {
  switch (op) {
    case Binary::add: return map_any(AddOp(), a, b, y, rows, width);
    case Binary::subtract: return map_any(SubtractOp(), a, b, y, rows, width);
    case Binary::multiply: return map_any(MultiplyOp(), a, b, y, rows, width);
    case Binary::divide: return map_any(DivideOp(), a, b, y, rows, width);
    case Binary::min: return map_any(SmallerOp(), a, b, y, rows, width);
    case Binary::max: return map_any(LargerOp(), a, b, y, rows, width);
    case Binary::pow: return map_any(PowOp(), a, b, y, rows, width);
    case Binary::logaddexp: return map_any(LogAddExpOp(), a, b, y, rows, width);
    case Binary::less: return map_any(LessOp(), a, b, y, rows, width);
    case Binary::less_equal: return map_any(LessEqualOp(), a, b, y, rows, width);
    case Binary::greater: return map_any(Swapped<LessOp>(), a, b, y, rows, width);
    case Binary::greater_equal: return map_any(Swapped<LessEqualOp>(), a, b, y, rows, width);
    case Binary::equal: return map_any(EqualOp(), a, b, y, rows, width);
    case Binary::not_equal: return map_any(NotEqualOp(), a, b, y, rows, width);
  }
}

template <bool kColumnsA, bool kColumnsB>
void where_rows(Operand condition, Operand a, Operand b, float* y, std::size_t rows,
                std::size_t width) {
  const Floats d;
  const FloatVector zero = hn::Zero(d);
  for (std::size_t r = 0; r < rows; ++r) {
    const float* choose = condition.data + r * condition.row_stride;
    const Source<kColumnsA> from_a(a.data + r * a.row_stride);
    const Source<kColumnsB> from_b(b.data + r * b.row_stride);
    float* to = y + r * width;
    if (condition.column_stride == 0) {
      const bool first = *choose != 0;
      std::size_t i = 0;
      for (; i + kLanes <= width; i += kLanes) {
        hn::StoreU(first ? from_a.load(i) : from_b.load(i), d, to + i);
      }
      if (i < width) {
        const std::size_t count = width - i;
        store_first(first ? from_a.load(i, count) : from_b.load(i, count), count, to + i);
      }
      continue;
    }
    std::size_t i = 0;
    for (; i + kLanes <= width; i += kLanes) {
      const auto mask = hn::Not(hn::Eq(hn::LoadU(d, choose + i), zero));
      hn::StoreU(hn::IfThenElse(mask, from_a.load(i), from_b.load(i)), d, to + i);
    }
    if (i < width) {
      const std::size_t count = width - i;
      const auto mask = hn::Not(hn::Eq(load_first(choose + i, count, zero), zero));
      store_first(hn::IfThenElse(mask, from_a.load(i, count), from_b.load(i, count)), count,
                  to + i);
    }
  }
}

void choose_rows(Operand condition, Operand a, Operand b, float* y, std::size_t rows,
                 std::size_t width) {
  if (a.column_stride == 0) {
    if (b.column_stride == 0) return where_rows<false, false>(condition, a, b, y, rows, width);
    return where_rows<false, true>(condition, a, b, y, rows, width);
  }
  if (b.column_stride == 0) return where_rows<true, false>(condition, a, b, y, rows, width);
  return where_rows<true, true>(condition, a, b, y, rows, width);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace nescio::math
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nescio::math {
namespace {

HWY_EXPORT(apply_unary);
HWY_EXPORT(apply_binary);
HWY_EXPORT(choose_rows);

/// A matrix of one column is a row to us, and a matrix without gaps one long row: no short loops.
template <class... Operands>
void flatten(std::size_t& rows, std::size_t& width, Operands&... operands) {
  const auto columns_to_row = [](Operand& o) { o = {o.data, 0, o.row_stride}; };
  const auto is_flat = [&](const Operand& o) {
    return o.column_stride == 0 ? o.row_stride == 0 : o.row_stride == width;
  };
  if (width == 1 && ((operands.row_stride <= 1) && ...)) {
    (columns_to_row(operands), ...);
    width = rows;
    rows = 1;
  } else if ((is_flat(operands) && ...)) {
    width *= rows;
    rows = 1;
  }
}

}  // namespace

void apply(Unary op, const float* x, float* y, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(apply_unary)(op, x, y, count);
}

void apply(Binary op, Operand a, Operand b, float* y, std::size_t rows, std::size_t width) {
  if (rows == 0 || width == 0) return;
  flatten(rows, width, a, b);
  HWY_DYNAMIC_DISPATCH(apply_binary)(op, a, b, y, rows, width);
}

void where(Operand condition, Operand a, Operand b, float* y, std::size_t rows, std::size_t width) {
  if (rows == 0 || width == 0) return;
  flatten(rows, width, condition, a, b);
  HWY_DYNAMIC_DISPATCH(choose_rows)(condition, a, b, y, rows, width);
}

}  // namespace nescio::math
#endif  // HWY_ONCE
