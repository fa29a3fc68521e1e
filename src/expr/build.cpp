#include "expr/build.h"

#include "base/error.h"

namespace nescio::expr {
namespace {

// Buffers hold every value as float, where whole numbers are exact up to here.
constexpr std::size_t max_width = std::size_t{1} << 24;

}  // namespace

std::string_view name_of(ValueType type) {
  switch (type) {
    case ValueType::number: return "number";
    case ValueType::index: return "index";
    case ValueType::boolean: return "boolean";
  }
  return "?";
}

Expr make(Op op, const std::vector<Expr>& arguments, std::size_t width, ValueType type,
          std::vector<std::int64_t> integers) {
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

Expr of(const Expr& like, const Table& table) { return constant(like.graph(), table); }

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

}  // namespace nescio::expr
