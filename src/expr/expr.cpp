#include "expr/expr.h"

#include <algorithm>

#include "base/error.h"

namespace nescio {
namespace {

// Buffers hold every value as float, where whole numbers are exact up to here.
constexpr std::size_t max_width = std::size_t{1} << 24;

std::string_view name_of(ValueType type) {
  switch (type) {
    case ValueType::number: return "number";
    case ValueType::index: return "index";
    case ValueType::boolean: return "boolean";
  }
  return "?";
}

Expr make(Op op, const std::vector<Expr>& arguments, std::size_t width,
          ValueType type = ValueType::number, std::vector<std::int64_t> integers = {}) {
  const auto& graph = arguments.front().graph();
  Node node;
  node.op = op;
  for (const Expr& a : arguments) {
    if (!a) fail("[", info(op).name, "] an argument is missing");
    if (a.graph() != graph) fail("[", info(op).name, "] arguments of two graphs");
    node.arguments.push_back(a.id());
  }
  if (width == 0 || width > max_width) {
    fail("[", info(op).name, "] a width of ", width, " is outside 1 .. ", max_width);
  }
  node.integers = std::move(integers);
  node.type = type;
  node.width = width;
  return {graph, graph->add(std::move(node))};
}

bool is_table(const Expr& e) { return e.graph()->node(e.id()).op == Op::constant; }

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

Expr of(const Expr& like, const Table& table) { return constant(like.graph(), table); }

Expr reduce(Op op, const Expr& x, const Groups& groups, ValueType type = ValueType::number) {
  if (!groups.empty()) {
    const bool ascending = std::ranges::adjacent_find(groups, std::greater_equal{}) == groups.end();
    if (groups.size() < 2 || !ascending || groups.front() != 0 ||
        groups.back() != static_cast<std::int64_t>(x.width())) {
      fail("[", info(op).name, "] groups must rise from 0 to the width ", x.width());
    }
  }
  return make(op, {x}, groups.empty() ? 1 : groups.size() - 1, type, groups);
}

void require(Op op, bool ok, std::string_view what, const Table& table, const Expr& x) {
  if (!ok) {
    fail("[", info(op).name, "] expected ", what, ", found a table [", table.rows(), ", ",
         table.cols(), "] for values of width ", x.width());
  }
}

void require_index(Op op, const Expr& index) {
  if (index.type() != ValueType::index) {
    fail("[", info(op).name, "] expected an index, found a ", name_of(index.type()));
  }
}

}  // namespace

Expr input(const std::shared_ptr<Graph>& graph, const std::string& name, std::size_t width) {
  if (width == 0 || width > max_width) fail("input '", name, "': width ", width);
  Node node;
  node.op = Op::input;
  node.name = name;
  node.width = width;
  return {graph, graph->add(std::move(node))};
}

Expr constant(const std::shared_ptr<Graph>& graph, const Table& values) {
  if (values.rows() == 0 || values.cols() == 0) fail("[constant] an empty table");
  return {graph, graph->add(values)};
}

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

Expr row_sum(const Expr& x, const Groups& groups) { return reduce(Op::row_sum, x, groups); }
Expr row_mean(const Expr& x, const Groups& groups) { return reduce(Op::row_mean, x, groups); }
Expr row_max(const Expr& x, const Groups& groups) { return reduce(Op::row_max, x, groups); }
Expr row_min(const Expr& x, const Groups& groups) { return reduce(Op::row_min, x, groups); }
Expr row_argmax(const Expr& x, const Groups& groups) {
  return reduce(Op::row_argmax, x, groups, ValueType::index);
}
Expr logsumexp(const Expr& x, const Groups& groups) { return reduce(Op::logsumexp, x, groups); }
Expr logsumexp_rest(const Expr& x, const Groups& groups) {
  return reduce(Op::logsumexp_rest, x, groups);
}
Expr log_odds(const Expr& x, const Groups& groups) { return reduce(Op::log_odds, x, groups); }
Expr l1_norm(const Expr& x, const Groups& groups) { return reduce(Op::l1_norm, x, groups); }
Expr l2_norm(const Expr& x, const Groups& groups) { return reduce(Op::l2_norm, x, groups); }

Expr softmax(const Expr& x) { return make(Op::softmax, {x}, x.width()); }
Expr log_softmax(const Expr& x) { return make(Op::log_softmax, {x}, x.width()); }
Expr cumsum(const Expr& x) { return make(Op::cumsum, {x}, x.width()); }
Expr sorted(const Expr& x, Sort order) {
  return make(Op::sorted, {x}, x.width(), x.type(), {order == Sort::descending ? 1 : 0});
}
Expr rank(const Expr& x) { return make(Op::rank, {x}, x.width(), ValueType::index); }

Expr matmul(const Expr& x, const Table& table) {
  require(Op::matmul, table.rows() == x.width(), "as many rows as x is wide", table, x);
  return make(Op::matmul, {x, of(x, table)}, table.cols(), ValueType::number, {0});
}
Expr inner_products(const Expr& x, const Table& rows) {
  require(Op::matmul, rows.cols() == x.width(), "rows as long as x is wide", rows, x);
  return make(Op::matmul, {x, of(x, rows)}, rows.rows(), ValueType::number, {1});
}
Expr squared_distances(const Expr& x, const Table& rows) {
  require(Op::squared_distances, rows.cols() == x.width(), "rows as long as x is wide", rows, x);
  return make(Op::squared_distances, {x, of(x, rows)}, rows.rows());
}
Expr take_row(const Table& table, const Expr& index) {
  require_index(Op::take_row, index);
  require(Op::take_row, index.width() == 1, "an index of width 1", table, index);
  return make(Op::take_row, {of(index, table), index}, table.cols());
}
Expr gather_columns(const Expr& x, const Expr& index) {
  require_index(Op::gather_columns, index);
  return make(Op::gather_columns, {x, index}, index.width(), x.type());
}
Expr slice_columns(const Expr& x, std::size_t first, std::size_t last) {
  if (first >= last || last > x.width()) {
    fail("[slice_columns] columns ", first, " .. ", last, " of a width of ", x.width());
  }
  if (first == 0 && last == x.width()) return x;
  return make(Op::slice_columns, {x}, last - first, x.type(),
              {static_cast<std::int64_t>(first), static_cast<std::int64_t>(last)});
}
Expr select_columns(const Expr& x, const std::vector<std::int64_t>& columns) {
  for (const std::int64_t c : columns) {
    if (c < 0 || c >= static_cast<std::int64_t>(x.width())) {
      fail("[select_columns] column ", c, " of a width of ", x.width());
    }
  }
  return make(Op::select_columns, {x}, columns.size(), x.type(), columns);
}
Expr column(const Expr& x, std::size_t index) { return slice_columns(x, index, index + 1); }
Expr concat(const std::vector<Expr>& parts) {
  if (parts.empty()) fail("[concat] nothing to join");
  std::size_t width = 0;
  for (const Expr& part : parts) {
    if (is_table(part)) fail("[concat] expected values of the batch, found a constant");
    width += part.width();
  }
  return parts.size() == 1 ? parts.front() : make(Op::concat, parts, width, parts.front().type());
}

namespace {
bool ascending(const Table& table, std::size_t column = 0, std::size_t step = 1) {
  const std::size_t count = table.rows() * table.cols();
  for (std::size_t i = column; i + step < count; i += step) {
    if (!(table.value(i) <= table.value(i + step))) return false;
  }
  return true;
}
}  // namespace

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

Expr over_rows(Over reduction, const Expr& body) {
  const Op op = body.graph()->node(body.id()).op;
  if (!info(op).column_wise) {
    fail("[over_rows] ", info(op).name, " needs whole rows and cannot be evaluated in tiles");
  }
  const bool one = reduction == Over::sum || reduction == Over::logsumexp;
  return make(Op::over_rows, {body}, one ? 1 : body.width(), ValueType::number,
              {static_cast<std::int64_t>(reduction)});
}

}  // namespace nescio
