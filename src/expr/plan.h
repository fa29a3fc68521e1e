// From a graph to a list of steps: what is computed, in which order, how much of it, and in which
// buffer.
#pragma once

#include <variant>
#include <vector>

#include "expr/expr.h"

namespace nescio::expr {

/// What an executor runs on one block of rows.
struct Plan {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  /// One kernel.
  struct Compute {
    NodeId node;
  };
  /// The nearest or farthest rows of a table themselves, over_rows(smallest, squared_distances(x, table)):
  /// they can be found without all distances in full, so the two nodes are one step and no tile loop.
  struct Search {
    NodeId node;  // over_rows
    NodeId x;
    NodeId table;
  };
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
  /// Computes the body for each tile of columns and brings it together in each of the reductions.
  struct TileLoop {
    std::vector<Reduction> reductions;
    std::vector<TileNode> body;  // arguments first
    std::size_t columns = 0;     // of the whole body
  };

  struct Step {
    std::vector<NodeId> arguments;  // what is read from outside of the step, each once
    std::vector<NodeId> results;
    std::variant<Compute, Search, TileLoop> work;
  };

  std::vector<Step> steps;
  std::vector<NodeId> inputs;                   // graph inputs that are read
  std::vector<NodeId> constants;                // tables that are read
  std::vector<std::size_t> columns;             // per node: how many of its columns are computed
  std::vector<std::vector<ColumnRange>> reads;  // per node: which of them consumers look at
  // Values of steps live in slots from the step that computes them to the last that reads them.
  std::vector<std::size_t> slot;          // per node that a step computes: its slot
  std::vector<std::size_t> slot_columns;  // per slot: floats for each row of the block
  // Values of a tile loop live in tile slots, which all loops share one after the other.
  std::size_t tile_slots = 0;
};

/// Throws Error if a body of over_rows is not column-wise down to tables.
Plan make_plan(const Graph& graph, const std::vector<NodeId>& outputs);

/// The slots of a plan that has everything else.
void assign_slots(const Graph& graph, Plan& plan);

}  // namespace nescio::expr
