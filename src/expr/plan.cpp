#include "expr/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"

namespace nescio {

bool is_search(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  if (node.op != Op::over_rows || graph.node(node.arguments[0]).op != Op::squared_distances) {
    return false;
  }
  const auto over = static_cast<Over>(node.integers[0]);
  return over == Over::smallest || over == Over::largest;
}

const std::vector<NodeId>& arguments_of(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  return is_search(graph, id) ? graph.node(node.arguments[0]).arguments : node.arguments;
}

namespace {

// Operations whose result may overwrite an argument of the same shape.
bool in_place(Op op) { return op >= Op::add && op <= Op::abs && op != Op::where; }
bool multiplies_table(Op op) { return op == Op::matmul || op == Op::squared_distances; }

class Planner {
 public:
  Planner(const Graph& graph, const std::vector<NodeId>& outputs)
      : graph_(graph), outputs_(outputs), stage_(graph.size(), 0), outer_(graph.size(), false) {}

  Plan make() {
    for (const NodeId id : outputs_) visit(id);
    for (const NodeId id : order_) {  // `order_` has arguments first
      if (loops(id)) {
        groups_[{stage_[id], body_columns(id)}].push_back(id);
      }
    }
    list_steps();
    count_columns();
    assign_slots();
    return std::move(plan_);
  }

 private:
  const Node& node(NodeId id) const { return graph_.node(id); }
  bool computed(NodeId id) const { return node(id).op != Op::input && node(id).op != Op::constant; }
  bool loops(NodeId id) const { return node(id).op == Op::over_rows && !is_search(graph_, id); }
  std::size_t body_columns(NodeId over) const { return node(node(over).arguments[0]).width; }

  // Arguments of a node of the tile loop that are computed tile by tile as well.
  std::vector<NodeId> wide_arguments(NodeId id, std::size_t columns) const {
    const Node& n = node(id);
    if (multiplies_table(n.op)) return {};
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
    if (!info(n.op).column_wise || n.op == Op::input) {
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

  // Depth first; stage = number of tile loops that must have run before.
  void visit(NodeId id) {
    if (outer_[id]) return;
    outer_[id] = true;
    const auto& arguments = arguments_of(graph_, id);
    std::set<NodeId> needed(arguments.begin(), arguments.end());
    const bool over = loops(id);
    if (over) {
      std::set<NodeId> body;
      needed.clear();
      collect_body(node(id).arguments[0], body_columns(id), body, needed);
    }
    for (const NodeId a : needed) {
      visit(a);
      stage_[id] = std::max(stage_[id], stage_[a] + (over ? 1 : 0));
    }
    if (over) stage_[id] = std::max<std::size_t>(stage_[id], 1);
    if (node(id).op == Op::input) plan_.inputs.push_back(id);
    if (node(id).op == Op::constant) plan_.constants.push_back(id);
    order_.push_back(id);
  }

  void list_steps() {
    std::ranges::stable_sort(order_, {}, [&](NodeId id) { return stage_[id]; });
    std::size_t at = 0;
    const std::size_t stages = order_.empty() ? 0 : stage_[order_.back()];
    for (std::size_t stage = 0; stage <= stages; ++stage) {
      for (const auto& [key, reductions] : groups_) {
        if (key.first == stage) plan_.steps.push_back(tile_loop(reductions, key.second));
      }
      for (; at < order_.size() && stage_[order_[at]] == stage; ++at) {
        const NodeId id = order_[at];
        if (!computed(id) || loops(id)) continue;
        const auto& read = arguments_of(graph_, id);
        const std::set<NodeId> once(read.begin(), read.end());
        plan_.steps.push_back({.node = id,
                               .arguments = {once.begin(), once.end()},
                               .reductions = {},
                               .body = {},
                               .columns = 0});
      }
    }
  }

  Plan::Step tile_loop(const std::vector<NodeId>& reductions, std::size_t columns) const {
    std::set<NodeId> body;
    std::set<NodeId> outside;
    for (const NodeId r : reductions) {
      collect_body(node(r).arguments[0], columns, body, outside);
    }
    Plan::Step step;
    step.columns = columns;
    step.arguments.assign(outside.begin(), outside.end());
    std::map<NodeId, std::size_t> place;
    for (const NodeId id : body) {  // ids grow from arguments to results
      Plan::TileNode tile{.node = id, .slot = Plan::none, .from = {}};
      const auto wide = wide_arguments(id, columns);
      for (const NodeId a : node(id).arguments) {
        const bool inside = std::ranges::find(wide, a) != wide.end();
        tile.from.push_back(inside ? place.at(a) : Plan::none);
      }
      place.emplace(id, step.body.size());
      step.body.push_back(std::move(tile));
    }
    for (const NodeId r : reductions)
      step.reductions.push_back({r, place.at(node(r).arguments[0])});
    return step;
  }

  // A consumer that reads only the first columns of a sorted or summed-up row lets the rest go.
  void count_columns() {
    plan_.reads.resize(graph_.size());
    const auto need = [&](NodeId id, std::size_t first, std::size_t last) {
      plan_.reads[id].push_back({first, last});
    };
    for (const NodeId id : outputs_) need(id, 0, node(id).width);
    for (auto step = plan_.steps.rbegin(); step != plan_.steps.rend(); ++step) {
      if (!step->reductions.empty()) {
        for (const NodeId a : step->arguments) need(a, 0, node(a).width);
        continue;
      }
      const Node& n = node(step->node);
      const std::size_t read = columns_read(step->node);
      for (const NodeId a : step->arguments) {
        if (n.op == Op::slice_columns) {
          need(a, static_cast<std::size_t>(n.integers[0]), static_cast<std::size_t>(n.integers[1]));
        } else if (n.op == Op::select_columns) {
          for (const std::int64_t c : n.integers) {
            need(a, static_cast<std::size_t>(c), static_cast<std::size_t>(c) + 1);
          }
        } else if (n.op == Op::cumsum) {
          need(a, 0, read);
        } else {
          need(a, 0, node(a).width);
        }
      }
    }
    plan_.columns.resize(graph_.size());
    for (NodeId id = 0; id < graph_.size(); ++id) {
      const Op op = node(id).op;
      const bool prefix = op == Op::sorted || op == Op::cumsum || op == Op::over_rows;
      const std::size_t read = columns_read(id);
      plan_.columns[id] = prefix && read > 0 ? read : node(id).width;
    }
  }

  std::size_t columns_read(NodeId id) const {
    std::size_t last = 0;
    for (const ColumnRange& range : plan_.reads[id]) last = std::max(last, range.last);
    return last;
  }

  void assign_slots() {
    plan_.slot.assign(graph_.size(), Plan::none);
    std::vector<std::size_t> last_use(graph_.size(), 0);
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      for (const NodeId a : plan_.steps[i].arguments) last_use[a] = i;
    }
    std::vector<std::size_t> free;
    const auto take = [&](NodeId id) {
      std::size_t best = free.size();
      for (std::size_t f = 0; f < free.size(); ++f) {
        if (plan_.slot_columns[free[f]] == plan_.columns[id]) best = f;
      }
      if (best < free.size()) {
        plan_.slot[id] = free[best];
        free.erase(free.begin() + static_cast<std::ptrdiff_t>(best));
      } else {
        plan_.slot[id] = plan_.slot_columns.size();
        plan_.slot_columns.push_back(plan_.columns[id]);
      }
    };
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      Plan::Step& step = plan_.steps[i];
      // An elementwise result may take the place of an argument that nobody reads any more.
      if (step.reductions.empty() && in_place(node(step.node).op)) {
        for (const NodeId a : step.arguments) {
          if (plan_.slot[a] != Plan::none && last_use[a] == i &&
              plan_.columns[a] == plan_.columns[step.node]) {
            plan_.slot[step.node] = plan_.slot[a];
          }
        }
      }
      if (step.reductions.empty() && plan_.slot[step.node] == Plan::none) take(step.node);
      for (const Plan::Reduction& r : step.reductions) take(r.node);
      for (const NodeId a : step.arguments) {
        const bool reused = step.reductions.empty() && plan_.slot[a] == plan_.slot[step.node];
        if (plan_.slot[a] != Plan::none && last_use[a] == i && !reused) {
          free.push_back(plan_.slot[a]);
        }
      }
      const auto release = [&](NodeId id) {
        if (last_use[id] == 0) free.push_back(plan_.slot[id]);  // an output that nothing reads
      };
      if (step.reductions.empty()) release(step.node);
      for (const Plan::Reduction& r : step.reductions) release(r.node);
      assign_tile_slots(step);
    }
  }

  void assign_tile_slots(Plan::Step& step) {
    std::size_t next = 0;
    for (Plan::TileNode& tile : step.body) {
      // The only reader of an elementwise chain may overwrite it.
      const auto inside = [](std::size_t place) { return place != Plan::none; };
      const auto only = std::ranges::find_if(tile.from, inside);
      if (in_place(node(tile.node).op) && std::ranges::count_if(tile.from, inside) == 1 &&
          readers(step, *only) == 1) {
        tile.slot = step.body[*only].slot;
      } else {
        tile.slot = next++;
      }
    }
    plan_.tile_slots = std::max(plan_.tile_slots, next);
  }

  static std::size_t readers(const Plan::Step& step, std::size_t place) {
    std::size_t count = 0;
    for (const Plan::TileNode& tile : step.body) {
      count += static_cast<std::size_t>(std::ranges::count(tile.from, place));
    }
    for (const Plan::Reduction& r : step.reductions) count += r.body == place ? 1 : 0;
    return count;
  }

  const Graph& graph_;
  const std::vector<NodeId>& outputs_;
  Plan plan_;
  std::vector<std::size_t> stage_;
  std::vector<bool> outer_;
  std::vector<NodeId> order_;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<NodeId>> groups_;
};

}  // namespace

Plan make_plan(const Graph& graph, const std::vector<NodeId>& outputs) {
  return Planner(graph, outputs).make();
}

}  // namespace nescio
