#include "expr/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "expr/column_use.h"

namespace nescio::expr {
namespace {

class Planner {
 public:
  Planner(const Graph& graph, const std::vector<NodeId>& outputs)
      : graph_(graph), outputs_(outputs), stage_(graph.size(), 0), visited_(graph.size(), false) {}

  Plan make() {
    for (const NodeId id : outputs_) visit(id);
    // Reductions over bodies of equal width that may run at the same time are one loop: what their bodies
    // share, such as the product with the bank, is computed once.
    for (const NodeId id : order_) {
      if (is_loop(id)) loops_[{stage_[id], body_columns(id)}].push_back(id);
    }
    list_steps();
    count_columns();
    assign_slots(graph_, plan_);
    return std::move(plan_);
  }

 private:
  const Node& node(NodeId id) const { return graph_.node(id); }
  bool is_leaf(NodeId id) const { return expr::is_leaf(node(id).op); }
  std::size_t body_columns(NodeId over) const { return node(node(over).arguments[0]).width; }

  bool is_search(NodeId id) const {
    if (node(id).op != Op::over_rows) return false;
    const auto over = static_cast<Over>(node(id).integers[0]);
    return (over == Over::smallest || over == Over::largest) &&
           info(node(node(id).arguments[0]).op).table_role == TableRole::nearest;
  }
  bool is_loop(NodeId id) const { return node(id).op == Op::over_rows && !is_search(id); }

  // Arguments of a node of the tile loop that are computed tile by tile as well. What a table is multiplied
  // with is no such argument, though it may be as wide as the body: every tile needs all of it.
  std::vector<NodeId> wide_arguments(NodeId id, std::size_t columns) const {
    const Node& n = node(id);
    const TableRole role = info(n.op).table_role;
    if (role == TableRole::multiplied || role == TableRole::nearest) return {};
    std::vector<NodeId> wide;
    for (const NodeId a : n.arguments) {
      if (node(a).op != Op::constant && node(a).width == columns && columns > 1) wide.push_back(a);
    }
    return wide;
  }

  // The nodes of the tile loop of a body, arguments first, and what they read from outside of it.
  void collect_body(NodeId id, std::size_t columns, std::set<NodeId>& body,
                    std::set<NodeId>& outside) const {
    if (body.contains(id)) return;
    const Node& n = node(id);
    if (!info(n.op).column_wise) {
      fail("[over_rows] ", n.op == Op::input ? n.name : std::string(info(n.op).name), " [B, ",
           columns, "] cannot be evaluated in tiles of columns");
    }
    const auto wide = wide_arguments(id, columns);
    for (const NodeId a : n.arguments) {
      if (std::ranges::find(wide, a) != wide.end()) {
        collect_body(a, columns, body, outside);
      } else {
        outside.insert(a);
      }
    }
    body.insert(id);
  }

  // What must have been computed before the step of a node.
  std::set<NodeId> read_by(NodeId id) const {
    std::set<NodeId> body, outside;
    if (is_loop(id)) {
      collect_body(node(id).arguments[0], body_columns(id), body, outside);
      return outside;
    }
    const auto& arguments =
        is_search(id) ? node(node(id).arguments[0]).arguments : node(id).arguments;
    return {arguments.begin(), arguments.end()};
  }

  // Depth first; stage = number of tile loops that must have run before. A loop stands at the beginning of
  // its stage, so that loops which do not need each other end up in one stage and can be joined.
  void visit(NodeId id) {
    if (visited_[id]) return;
    visited_[id] = true;
    const std::size_t own = is_loop(id) ? 1 : 0;
    stage_[id] = own;
    for (const NodeId a : read_by(id)) {
      visit(a);
      stage_[id] = std::max(stage_[id], stage_[a] + own);
    }
    if (node(id).op == Op::input) plan_.inputs.push_back(id);
    if (node(id).op == Op::constant) plan_.constants.push_back(id);
    order_.push_back(id);
  }

  void list_steps() {
    std::ranges::stable_sort(order_, {}, [&](NodeId id) { return stage_[id]; });
    std::size_t at = 0;
    const std::size_t stages = order_.empty() ? 0 : stage_[order_.back()];
    for (std::size_t stage = 0; stage <= stages; ++stage) {
      for (const auto& [key, reductions] : loops_) {
        if (key.first == stage) plan_.steps.push_back(tile_loop(reductions, key.second));
      }
      for (; at < order_.size() && stage_[order_[at]] == stage; ++at) {
        const NodeId id = order_[at];
        if (!is_leaf(id) && !is_loop(id)) plan_.steps.push_back(step_of(id));
      }
    }
  }

  Plan::Step step_of(NodeId id) const {
    const auto read = read_by(id);
    Plan::Step step{{read.begin(), read.end()}, {id}, Plan::Compute{id}};
    if (is_search(id)) {
      const auto& of_distances = node(node(id).arguments[0]).arguments;
      step.work = Plan::Search{id, of_distances[0], of_distances[1]};
    }
    return step;
  }

  Plan::Step tile_loop(const std::vector<NodeId>& reductions, std::size_t columns) const {
    std::set<NodeId> body;
    std::set<NodeId> outside;
    for (const NodeId r : reductions) {
      collect_body(node(r).arguments[0], columns, body, outside);
    }
    Plan::TileLoop loop;
    loop.columns = columns;
    std::map<NodeId, std::size_t> place;
    for (const NodeId id : body) {  // ids grow from arguments to results
      Plan::TileNode tile{.node = id, .slot = Plan::none, .from = {}};
      const auto wide = wide_arguments(id, columns);
      for (const NodeId a : node(id).arguments) {
        const bool inside = std::ranges::find(wide, a) != wide.end();
        tile.from.push_back(inside ? place.at(a) : Plan::none);
      }
      place.emplace(id, loop.body.size());
      loop.body.push_back(std::move(tile));
    }
    for (const NodeId r : reductions) {
      loop.reductions.push_back({r, place.at(node(r).arguments[0])});
    }
    return {{outside.begin(), outside.end()}, reductions, std::move(loop)};
  }

  // From the outputs back to the inputs: a consumer that reads only the first columns of a sorted or
  // summed-up row lets the rest go.
  void count_columns() {
    plan_.reads.resize(graph_.size());
    plan_.columns.resize(graph_.size());
    for (NodeId id = 0; id < graph_.size(); ++id) plan_.columns[id] = node(id).width;
    for (const NodeId id : outputs_) need(id, {0, node(id).width});
    for (auto step = plan_.steps.rbegin(); step != plan_.steps.rend(); ++step) {
      for (const NodeId id : step->results) {
        if (info(node(id).op).prefix) plan_.columns[id] = columns_read(id);
      }
      if (const auto* compute = std::get_if<Plan::Compute>(&step->work)) {
        const auto& arguments = node(compute->node).arguments;
        const ColumnRange computed{0, plan_.columns[compute->node]};
        for (std::size_t a = 0; a < arguments.size(); ++a) {
          for (const ColumnRange& range : columns_used(graph_, compute->node, a, computed)) {
            need(arguments[a], range);
          }
        }
      } else {
        for (const NodeId a : step->arguments) need(a, {0, node(a).width});
      }
    }
  }

  void need(NodeId id, ColumnRange range) {
    auto& reads = plan_.reads[id];
    if (std::ranges::find(reads, range) == reads.end()) reads.push_back(range);
  }

  std::size_t columns_read(NodeId id) const {
    return std::ranges::max(plan_.reads[id], {}, &ColumnRange::last).last;
  }

  const Graph& graph_;
  const std::vector<NodeId>& outputs_;
  Plan plan_;
  std::vector<std::size_t> stage_;
  std::vector<bool> visited_;
  std::vector<NodeId> order_;                                                 // arguments first
  std::map<std::pair<std::size_t, std::size_t>, std::vector<NodeId>> loops_;  // by stage and width
};

}  // namespace

Plan make_plan(const Graph& graph, const std::vector<NodeId>& outputs) {
  return Planner(graph, outputs).make();
}

}  // namespace nescio::expr
