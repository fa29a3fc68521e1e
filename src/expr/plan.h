// From a graph to a list of steps: what is computed, in which order, how much of it, and in which
// buffer.
#pragma once

#include <vector>

#include "expr/expr.h"

namespace nescio {

/// Columns first .. last - 1.
struct ColumnRange {
  std::size_t first;
  std::size_t last;
};

/// What an executor runs on one block of rows.
struct Plan {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  /// A node of a tile loop. Its values belong to the loop: the same node may be in several loops
  /// and be a step of its own too.
  struct TileNode {
    NodeId node;
    std::size_t slot = none;        // its tile buffer
    std::vector<std::size_t> from;  // for each argument: its place in the body, none: outside of it
  };
  struct Reduction {
    NodeId node;       // over_rows
    std::size_t body;  // what it reduces: a place in the body
  };

  /// One node; or, if `reductions` is not empty, a loop over column tiles that computes `body` for
  /// each tile and brings it together in each of the over_rows nodes.
  struct Step {
    NodeId node = 0;
    std::vector<NodeId> arguments;  // what is read from outside of the step, each once
    std::vector<Reduction> reductions;
    std::vector<TileNode> body;  // arguments first
    std::size_t columns = 0;     // of the whole body
  };

  std::vector<Step> steps;
  std::vector<NodeId> inputs;                   // graph inputs that are read
  std::vector<NodeId> constants;                // tables that are read
  std::vector<std::size_t> columns;             // per node: how many of its columns are computed
  std::vector<std::vector<ColumnRange>> reads;  // per node: which of them consumers look at
  std::vector<std::size_t> slot;                // per node that a step computes: its buffer
  std::vector<std::size_t> slot_columns;        // per buffer: floats for each row of the block
  std::size_t tile_slots = 0;                   // buffers of one tile each
};

/// Whether a node is the nearest or farthest rows of a table themselves, over_rows(smallest,
/// squared_distances(x, table)): a search, which is one step of x and the table and no tile loop.
bool is_search(const Graph& graph, NodeId id);
/// The arguments of a node; of a search x and the table.
const std::vector<NodeId>& arguments_of(const Graph& graph, NodeId id);

/// Throws Error if a body of over_rows is not column-wise down to tables.
Plan make_plan(const Graph& graph, const std::vector<NodeId>& outputs);

}  // namespace nescio
