#include "expr/arithmetic.h"

#include "base/error.h"
#include "expr/build.h"

namespace nescio::expr {
namespace {

// A constant operand of an elementwise operation must be one row.
void require_row(Op op, const Expr& e) {
  if (is_table(e) && e.graph()->table(e.id()).rows() != 1) {
    fail("[", info(op).name, "] expected a constant of one row, found ",
         e.graph()->table(e.id()).rows(), " rows");
  }
}

std::size_t broadcast(Op op, const std::vector<Expr>& arguments) {
  std::size_t width = 1;
  for (const Expr& a : arguments) {
    require_row(op, a);
    if (a.width() == 1) continue;
    if (width != 1 && a.width() != width) {
      fail("[", info(op).name, "] widths ", width, " and ", a.width(), " do not fit");
    }
    width = a.width();
  }
  return width;
}

Expr elementwise(Op op, const std::vector<Expr>& arguments, ValueType type = ValueType::number) {
  return make(op, arguments, broadcast(op, arguments), type);
}

bool is_scalar(const Expr& e, double value) {
  return is_table(e) && e.graph()->table(e.id()).is_scalar(value);
}

}  // namespace

Expr operator+(const Expr& a, const Expr& b) {
  if (is_scalar(b, 0)) return a;
  if (is_scalar(a, 0)) return b;
  return elementwise(Op::add, {a, b});
}
Expr operator-(const Expr& a, const Expr& b) {
  return is_scalar(b, 0) ? a : elementwise(Op::subtract, {a, b});
}
Expr operator*(const Expr& a, const Expr& b) {
  if (is_scalar(b, 1)) return a;
  if (is_scalar(a, 1)) return b;
  if (is_scalar(b, -1)) return -a;
  if (is_scalar(a, -1)) return -b;
  return elementwise(Op::multiply, {a, b});
}
Expr operator/(const Expr& a, const Expr& b) {
  return is_scalar(b, 1) ? a : elementwise(Op::divide, {a, b});
}
Expr operator+(const Expr& a, const Table& b) { return a + of(a, b); }
Expr operator-(const Expr& a, const Table& b) { return a - of(a, b); }
Expr operator*(const Expr& a, const Table& b) { return a * of(a, b); }
Expr operator/(const Expr& a, const Table& b) { return a / of(a, b); }
Expr operator+(const Table& a, const Expr& b) { return of(b, a) + b; }
Expr operator-(const Table& a, const Expr& b) { return of(b, a) - b; }
Expr operator*(const Table& a, const Expr& b) { return of(b, a) * b; }
Expr operator/(const Table& a, const Expr& b) { return of(b, a) / b; }
Expr operator-(const Expr& a) { return elementwise(Op::negate, {a}); }

Expr min(const Expr& a, const Expr& b) { return elementwise(Op::minimum, {a, b}); }
Expr max(const Expr& a, const Expr& b) { return elementwise(Op::maximum, {a, b}); }
Expr min(const Expr& a, const Table& b) { return min(a, of(a, b)); }
Expr max(const Expr& a, const Table& b) { return max(a, of(a, b)); }
Expr clip(const Expr& x, const Table& low, const Table& high) { return min(max(x, low), high); }
Expr pow(const Expr& base, const Expr& exponent) {
  return elementwise(Op::power, {base, exponent});
}
Expr pow(const Expr& base, const Table& exponent) {
  return exponent.is_scalar(1) ? base : pow(base, of(base, exponent));
}
Expr logaddexp(const Expr& a, const Expr& b) { return elementwise(Op::logaddexp, {a, b}); }

Expr exp(const Expr& x) { return elementwise(Op::exp, {x}); }
Expr expm1(const Expr& x) { return elementwise(Op::expm1, {x}); }
Expr log(const Expr& x) { return elementwise(Op::log, {x}); }
Expr log1p(const Expr& x) { return elementwise(Op::log1p, {x}); }
Expr sqrt(const Expr& x) { return elementwise(Op::sqrt, {x}); }
Expr abs(const Expr& x) { return elementwise(Op::abs, {x}); }

Expr operator<(const Expr& a, const Expr& b) {
  return elementwise(Op::less, {a, b}, ValueType::boolean);
}
Expr operator<=(const Expr& a, const Expr& b) {
  return elementwise(Op::less_equal, {a, b}, ValueType::boolean);
}
Expr operator>(const Expr& a, const Expr& b) {
  return elementwise(Op::greater, {a, b}, ValueType::boolean);
}
Expr operator>=(const Expr& a, const Expr& b) {
  return elementwise(Op::greater_equal, {a, b}, ValueType::boolean);
}
Expr operator==(const Expr& a, const Expr& b) {
  return elementwise(Op::equal, {a, b}, ValueType::boolean);
}
Expr operator!=(const Expr& a, const Expr& b) {
  return elementwise(Op::not_equal, {a, b}, ValueType::boolean);
}
Expr operator<(const Expr& a, const Table& b) { return a < of(a, b); }
Expr operator<=(const Expr& a, const Table& b) { return a <= of(a, b); }
Expr operator>(const Expr& a, const Table& b) { return a > of(a, b); }
Expr operator>=(const Expr& a, const Table& b) { return a >= of(a, b); }

Expr where(const Expr& condition, const Expr& a, const Expr& b) {
  if (condition.type() != ValueType::boolean) {
    fail("[where] expected a boolean condition, found a ", name_of(condition.type()));
  }
  return elementwise(Op::where, {condition, a, b}, a.type());
}

}  // namespace nescio::expr
