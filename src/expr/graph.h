// The graph behind expressions: hash-consed nodes and interned constants.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/array.h"
#include "base/matrix.h"
#include "expr/ops.h"

namespace nescio::expr {

/// Constant values [rows, cols]: fitted ones in double, rows of a bank in float. Shares storage.
class Table {
 public:
  Table(double scalar) : Table(Matrix(1, 1, scalar)) {}  // NOLINT: numbers stand in expressions
  Table(Matrix matrix);                                  // NOLINT: so do fitted matrices
  Table(Array array);  // NOLINT: float32 or float64, 1-d = one row

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  const Array& array() const { return array_; }
  /// Element i in row-major order.
  double value(std::size_t i) const;
  bool is_scalar(double value) const;

 private:
  Array array_;
  std::size_t rows_ = 0, cols_ = 0;
};

enum class ValueType { number, index, boolean };

using NodeId = std::uint32_t;

/// One operation. Values are [B, width]; a constant is [rows, width] and, with rows = 1, stands for
/// every row.
struct Node {
  Op op = Op::input;
  std::vector<NodeId> arguments;
  std::vector<std::int64_t>
      integers;      // static attributes: group borders, column numbers, order ...
  std::string name;  // of an input
  ValueType type = ValueType::number;
  std::size_t width = 0;
  std::size_t table = 0;  // of a constant: its place in Graph::tables
};

/// Nodes in an order in which arguments come first. Equal nodes are one node, equal constants one
/// constant. Not thread-safe while it grows.
class Graph {
 public:
  NodeId add(Node node);
  NodeId add(const Table& table);

  const Node& node(NodeId id) const { return nodes_[id]; }
  std::size_t size() const { return nodes_.size(); }
  const Table& table(NodeId constant) const { return tables_[nodes_[constant].table]; }

 private:
  std::vector<Node> nodes_;
  std::vector<Table> tables_;
  std::unordered_multimap<std::uint64_t, NodeId> by_hash_;
  std::unordered_map<const void*, NodeId> by_address_;  // constants that need no second hashing
};

}  // namespace nescio::expr
