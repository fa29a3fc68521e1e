// The buffers of a plan. Few of them, and the same ones again while they are warm: what a block of rows
// writes has to stay in the cache.
#include <algorithm>

#include "expr/plan.h"

namespace nescio::expr {
namespace {

class SlotAssigner {
 public:
  SlotAssigner(const Graph& graph, Plan& plan)
      : graph_(graph), plan_(plan), last_use_(graph.size(), Plan::none) {
    plan_.slot.assign(graph.size(), Plan::none);
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      for (const NodeId a : plan_.steps[i].arguments) last_use_[a] = i;
    }
  }

  // A result is placed before the arguments are given back: only what may run in place may share a slot
  // with them.
  void assign(std::size_t i) {
    const Plan::Step& step = plan_.steps[i];
    const std::size_t overwritten = overwritten_slot(i);
    for (const NodeId id : step.results) {
      plan_.slot[id] = overwritten != Plan::none ? overwritten : take(plan_.columns[id]);
    }
    for (const NodeId a : step.arguments) {
      const std::size_t slot = plan_.slot[a];
      if (slot != Plan::none && last_use_[a] == i && slot != overwritten) free_.push_back(slot);
    }
    for (const NodeId id : step.results) {
      if (last_use_[id] == Plan::none)
        free_.push_back(plan_.slot[id]);  // stored, and not read again
    }
  }

 private:
  // The slot of an argument that nobody reads after step i, for a result that may take its place.
  std::size_t overwritten_slot(std::size_t i) const {
    const Plan::Step& step = plan_.steps[i];
    const auto* compute = std::get_if<Plan::Compute>(&step.work);
    if (compute == nullptr || !info(graph_.node(compute->node).op).in_place) return Plan::none;
    std::size_t found = Plan::none;
    for (const NodeId a : step.arguments) {
      const bool fits = plan_.columns[a] == plan_.columns[compute->node];
      if (plan_.slot[a] != Plan::none && last_use_[a] == i && fits) found = plan_.slot[a];
    }
    return found;
  }

  // The slot that was given back last, of this size.
  std::size_t take(std::size_t columns) {
    const auto fits = [&](std::size_t slot) { return plan_.slot_columns[slot] == columns; };
    const auto found = std::find_if(free_.rbegin(), free_.rend(), fits);
    if (found == free_.rend()) {
      plan_.slot_columns.push_back(columns);
      return plan_.slot_columns.size() - 1;
    }
    const std::size_t slot = *found;
    free_.erase(std::next(found).base());
    return slot;
  }

  const Graph& graph_;
  Plan& plan_;
  std::vector<std::size_t> last_use_;  // per node: the last step that reads it
  std::vector<std::size_t> free_;
};

std::size_t readers(const Plan::TileLoop& loop, std::size_t place) {
  std::size_t count = 0;
  for (const Plan::TileNode& tile : loop.body) {
    count += static_cast<std::size_t>(std::ranges::count(tile.from, place));
  }
  for (const Plan::Reduction& r : loop.reductions) count += r.body == place ? 1 : 0;
  return count;
}

// A tile is small, so nothing is given back within a loop; but the only reader of an elementwise chain
// overwrites it, which keeps the usual body (a product and some arithmetic) in one tile.
std::size_t assign_tile_slots(const Graph& graph, Plan::TileLoop& loop) {
  std::size_t next = 0;
  for (Plan::TileNode& tile : loop.body) {
    const auto inside = [](std::size_t place) { return place != Plan::none; };
    const auto only = std::ranges::find_if(tile.from, inside);
    if (info(graph.node(tile.node).op).in_place && std::ranges::count_if(tile.from, inside) == 1 &&
        readers(loop, *only) == 1) {
      tile.slot = loop.body[*only].slot;
    } else {
      tile.slot = next++;
    }
  }
  return next;
}

}  // namespace

void assign_slots(const Graph& graph, Plan& plan) {
  SlotAssigner assigner(graph, plan);
  for (std::size_t i = 0; i < plan.steps.size(); ++i) assigner.assign(i);
  for (Plan::Step& step : plan.steps) {
    auto* loop = std::get_if<Plan::TileLoop>(&step.work);
    if (loop) plan.tile_slots = std::max(plan.tile_slots, assign_tile_slots(graph, *loop));
  }
}

}  // namespace nescio::expr
