// What everybody needs to know about an operation: planning, executors, lowering to ONNX.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace nescio::expr {

class Graph;
struct Node;

/// Columns first .. last - 1.
struct ColumnRange {
  std::size_t first;
  std::size_t last;
  bool operator==(const ColumnRange&) const = default;
};

/// The columns of an argument of a node that the columns `wanted` of the node depend on.
using ColumnUse = std::vector<ColumnRange> (*)(const Graph& graph, const Node& node,
                                               std::size_t argument, ColumnRange wanted);

/// What a table among the arguments (a constant) is to an operation, and so how much of it a tile of columns
/// reads.
enum class TableRole {
  none,        // there is none
  operand,     // one row that stands for every row of the batch: the tile's columns of it
  multiplied,  // x times each row (or column) of it is a column of the result: those of the tile
  nearest,   // as multiplied, by |x - row|^2; the smallest and largest of these can be searched for
  looked_up  // all of it
};

/// One row. It depends on no other row and not on its place.
struct OpInfo {
  std::string_view name = {};
  std::size_t arity = 1;  // arguments, tables included; any_arity: one or more
  ColumnUse columns = nullptr;
  bool column_wise =
      false;              // column j needs column j of wide arguments only: may stand in over_rows
  bool in_place = false;  // the result may overwrite an argument of its shape
  bool prefix = false;    // the first columns can be had for less than all
  bool sorts = false;     // its cost grows as n log n, not as n
  TableRole table_role = TableRole::none;
};

inline constexpr std::size_t any_arity = static_cast<std::size_t>(-1);

// Kinds of ColumnUse that several operations share (column_use.cpp); others stand with their family.
std::vector<ColumnRange> all_columns(const Graph&, const Node&, std::size_t, ColumnRange);
/// The same one; of an argument of one column that one.
std::vector<ColumnRange> same_columns(const Graph&, const Node&, std::size_t, ColumnRange);
/// It and those before it.
std::vector<ColumnRange> leading_columns(const Graph&, const Node&, std::size_t, ColumnRange);

}  // namespace nescio::expr
