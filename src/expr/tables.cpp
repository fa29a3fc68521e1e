#include "expr/tables.h"

#include <algorithm>

#include "base/error.h"
#include "expr/build.h"

namespace nescio::expr {

std::vector<ColumnRange> columns_of_product(const Graph& graph, const Node& node,
                                            std::size_t argument, ColumnRange wanted) {
  const bool cut = argument == 1 && node.integers[0] == 0;
  return cut ? std::vector{wanted} : all_columns(graph, node, argument, wanted);
}
std::vector<ColumnRange> columns_of_take_row(const Graph&, const Node&, std::size_t argument,
                                             ColumnRange wanted) {
  return {argument == 0 ? wanted : ColumnRange{0, 1}};
}
std::vector<ColumnRange> columns_of_gather(const Graph& graph, const Node& node,
                                           std::size_t argument, ColumnRange wanted) {
  return argument == 1 ? std::vector{wanted} : all_columns(graph, node, argument, wanted);
}
std::vector<ColumnRange> columns_of_slice(const Graph&, const Node& node, std::size_t,
                                          ColumnRange wanted) {
  const auto first = static_cast<std::size_t>(node.integers[0]);
  return {{first + wanted.first, first + wanted.last}};
}
std::vector<ColumnRange> columns_of_select(const Graph&, const Node& node, std::size_t,
                                           ColumnRange wanted) {
  std::vector<ColumnRange> out;
  for (std::size_t i = wanted.first; i < wanted.last; ++i) {
    const auto column = static_cast<std::size_t>(node.integers[i]);
    out.push_back({column, column + 1});
  }
  return out;
}
std::vector<ColumnRange> columns_of_concat(const Graph& graph, const Node& node,
                                           std::size_t argument, ColumnRange wanted) {
  std::size_t first = 0;
  for (std::size_t a = 0; a < argument; ++a) first += graph.node(node.arguments[a]).width;
  const std::size_t last = first + graph.node(node.arguments[argument]).width;
  if (wanted.last <= first || wanted.first >= last) return {};
  return {{std::max(wanted.first, first) - first, std::min(wanted.last, last) - first}};
}

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

}  // namespace nescio::expr
