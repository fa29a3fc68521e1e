#include "expr/order.h"

#include <algorithm>

#include "base/error.h"
#include "expr/build.h"

namespace nescio::expr {
namespace {
bool ascending(const Table& table, std::size_t column = 0, std::size_t step = 1) {
  const std::size_t count = table.rows() * table.cols();
  for (std::size_t i = column; i + step < count; i += step) {
    if (!(table.value(i) <= table.value(i + step))) return false;
  }
  return true;
}
}  // namespace

Expr sorted(const Expr& x, Sort order) {
  return make(Op::sorted, {x}, x.width(), x.type(), {order == Sort::descending ? 1 : 0});
}
Expr rank(const Expr& x) { return rank(x, x.width()); }
Expr rank(const Expr& x, std::size_t most) {
  return make(Op::rank, {x}, x.width(), ValueType::index,
              {static_cast<std::int64_t>(std::min(most, x.width()))});
}
Expr ecdf(const Expr& x, const Table& table) {
  require(Op::ecdf, table.rows() == 1 && ascending(table), "one ascending row", table, x);
  return make(Op::ecdf, {x, of(x, table)}, x.width());
}
Expr row_histogram(const Expr& x, const Table& edges) {
  require(Op::row_histogram, edges.rows() == 1 && edges.cols() >= 2 && ascending(edges),
          "one ascending row of at least two edges", edges, x);
  return make(Op::row_histogram, {x, of(x, edges)}, edges.cols() - 1);
}
Expr bucketize(const Expr& x, const Table& borders) {
  bool ok = borders.cols() == x.width();
  for (std::size_t c = 0; ok && c < borders.cols(); ++c) ok = ascending(borders, c, borders.cols());
  require(Op::bucketize, ok, "one ascending column for each column of x", borders, x);
  return make(Op::bucketize, {x, of(x, borders)}, x.width(), ValueType::index);
}

}  // namespace nescio::expr
