// Arithmetic, comparisons and elementary functions, element by element.
#pragma once

#include "expr/value.h"

namespace nescio::expr {

// Multiplying by 1 or adding 0 adds no node.
Expr operator+(const Expr& a, const Expr& b);
Expr operator-(const Expr& a, const Expr& b);
Expr operator*(const Expr& a, const Expr& b);
Expr operator/(const Expr& a, const Expr& b);
Expr operator+(const Expr& a, const Table& b);
Expr operator-(const Expr& a, const Table& b);
Expr operator*(const Expr& a, const Table& b);
Expr operator/(const Expr& a, const Table& b);
Expr operator+(const Table& a, const Expr& b);
Expr operator-(const Table& a, const Expr& b);
Expr operator*(const Table& a, const Expr& b);
Expr operator/(const Table& a, const Expr& b);
Expr operator-(const Expr& a);

Expr min(const Expr& a, const Expr& b);
Expr max(const Expr& a, const Expr& b);
Expr min(const Expr& a, const Table& b);
Expr max(const Expr& a, const Table& b);
/// min(max(x, low), high)
Expr clip(const Expr& x, const Table& low, const Table& high);
Expr pow(const Expr& base, const Expr& exponent);
Expr pow(const Expr& base, const Table& exponent);
/// log(e^a + e^b), the maximum taken out.
Expr logaddexp(const Expr& a, const Expr& b);

Expr exp(const Expr& x);
Expr expm1(const Expr& x);
Expr log(const Expr& x);
Expr log1p(const Expr& x);
Expr sqrt(const Expr& x);
Expr abs(const Expr& x);

// Comparisons give booleans.
Expr operator<(const Expr& a, const Expr& b);
Expr operator<=(const Expr& a, const Expr& b);
Expr operator>(const Expr& a, const Expr& b);
Expr operator>=(const Expr& a, const Expr& b);
Expr operator==(const Expr& a, const Expr& b);
Expr operator!=(const Expr& a, const Expr& b);
Expr operator<(const Expr& a, const Table& b);
Expr operator<=(const Expr& a, const Table& b);
Expr operator>(const Expr& a, const Table& b);
Expr operator>=(const Expr& a, const Table& b);
/// condition ? a : b
Expr where(const Expr& condition, const Expr& a, const Expr& b);

}  // namespace nescio::expr
