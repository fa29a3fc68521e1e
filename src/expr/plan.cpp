#include "expr/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"

namespace nescio {
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
      if (graph_.node(id).op == Op::over_rows) {
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
    std::set<NodeId> needed(node(id).arguments.begin(), node(id).arguments.end());
    const bool over = node(id).op == Op::over_rows;
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
        if (key.first != stage) continue;
        Plan::Step step;
        step.reductions = reductions;
        step.columns = key.second;
        std::set<NodeId> body;
        std::set<NodeId> outside;
        for (const NodeId r : reductions) {
          collect_body(node(r).arguments[0], key.second, body, outside);
        }
        step.body.assign(body.begin(), body.end());  // ids grow from arguments to results
        plan_.steps.push_back(std::move(step));
      }
      for (; at < order_.size() && stage_[order_[at]] == stage; ++at) {
        if (computed(order_[at]) && node(order_[at]).op != Op::over_rows) {
          plan_.steps.push_back({.node = order_[at], .reductions = {}, .body = {}, .columns = 0});
        }
      }
    }
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
        for (const NodeId a : arguments(*step)) need(a, 0, node(a).width);
        continue;
      }
      const Node& n = node(step->node);
      const std::size_t read = columns_read(step->node);
      for (const NodeId a : n.arguments) {
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
    plan_.slot.assign(graph_.size(), Plan::no_slot);
    std::vector<std::size_t> last_use(graph_.size(), 0);
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      for (const NodeId a : arguments(plan_.steps[i])) last_use[a] = i;
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
      const Plan::Step& step = plan_.steps[i];
      // An elementwise result may take the place of an argument that nobody reads any more.
      if (step.reductions.empty() && in_place(node(step.node).op)) {
        for (const NodeId a : node(step.node).arguments) {
          if (plan_.slot[a] != Plan::no_slot && last_use[a] == i &&
              plan_.columns[a] == plan_.columns[step.node]) {
            plan_.slot[step.node] = plan_.slot[a];
          }
        }
      }
      if (step.reductions.empty() && plan_.slot[step.node] == Plan::no_slot) take(step.node);
      for (const NodeId r : step.reductions) take(r);
      for (const NodeId a : arguments(step)) {
        const bool reused = step.reductions.empty() && plan_.slot[a] == plan_.slot[step.node];
        if (plan_.slot[a] != Plan::no_slot && last_use[a] == i && !reused) {
          free.push_back(plan_.slot[a]);
        }
      }
      for (const NodeId id : step.reductions.empty() ? std::vector{step.node} : step.reductions) {
        if (last_use[id] == 0) free.push_back(plan_.slot[id]);  // an output that nothing reads
      }
      assign_tile_slots(step);
    }
  }

  // What a step reads from outside of it, each once.
  std::set<NodeId> arguments(const Plan::Step& step) const {
    if (step.reductions.empty()) {
      const auto& a = node(step.node).arguments;
      return {a.begin(), a.end()};
    }
    std::set<NodeId> body;
    std::set<NodeId> outside;
    for (const NodeId r : step.reductions) {
      collect_body(node(r).arguments[0], step.columns, body, outside);
    }
    return outside;
  }

  void assign_tile_slots(const Plan::Step& step) {
    std::size_t next = 0;
    for (const NodeId id : step.body) {
      // The only reader of an elementwise chain may overwrite it.
      const auto wide = wide_arguments(id, step.columns);
      if (in_place(node(id).op) && wide.size() == 1 && readers(step, wide[0]) == 1) {
        plan_.slot[id] = plan_.slot[wide[0]];
      } else {
        plan_.slot[id] = next++;
      }
    }
    plan_.tile_slots = std::max(plan_.tile_slots, next);
  }

  std::size_t readers(const Plan::Step& step, NodeId id) const {
    std::size_t count = 0;
    for (const NodeId b : step.body)
      count += static_cast<std::size_t>(std::ranges::count(node(b).arguments, id));
    for (const NodeId r : step.reductions) count += node(r).arguments[0] == id ? 1 : 0;
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
