#include "expr_torch/torch_program.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/threads.h"
#include "expr_torch/torch_feed.h"
#include "expr_torch/torch_reduction.h"
#include "nn/network.h"

namespace nescio::expr {
namespace {

// Rows of a block, from the shapes of the program only: enough for products to reach the rate of a GPU and for
// launches to be few, and no value of more than so many numbers.
std::size_t choose_block_rows(const Graph& graph, const Plan& plan) {
  constexpr std::size_t most_values = std::size_t{1} << 26;
  std::size_t widest = 1;
  bool products = false;
  const auto look_at = [&](NodeId id, std::size_t columns) {
    widest = std::max(widest, columns);
    const TableRole role = info(graph.node(id).op).table_role;
    products |= role == TableRole::multiplied || role == TableRole::nearest;
  };
  for (const NodeId id : plan.inputs) look_at(id, graph.node(id).width);
  for (const Plan::Step& step : plan.steps) {
    for (const NodeId id : step.results) look_at(id, plan.columns[id]);
    products |= !std::holds_alternative<Plan::Compute>(step.work);
  }
  std::size_t rows = products ? 4096 : 16384;
  while (rows > 256 && rows * widest > most_values) rows /= 2;
  return rows;
}

std::vector<NodeId> ids_of(const std::vector<Expr>& outputs) {
  std::vector<NodeId> ids;
  for (const Expr& e : outputs) ids.push_back(e.id());
  return ids;
}

/// f(id) for each node that a kernel computes, in steps and in tile loops.
template <class F>
void for_each_kernel(const Plan& plan, F f) {
  for (const Plan::Step& step : plan.steps) {
    if (const auto* compute = std::get_if<Plan::Compute>(&step.work)) f(compute->node);
    if (const auto* loop = std::get_if<Plan::TileLoop>(&step.work)) {
      for (const Plan::TileNode& tile : loop->body) f(tile.node);
    }
  }
}

/// Constants that are no tables to multiply with or to measure distances to: of those, tiles suffice.
std::set<NodeId> read_as_a_whole(const Graph& graph, const Plan& plan,
                                 const std::vector<NodeId>& outputs) {
  std::set<NodeId> whole(outputs.begin(), outputs.end());
  for_each_kernel(plan, [&](NodeId id) {
    const Node& node = graph.node(id);
    const TableRole role = info(node.op).table_role;
    const bool in_tiles = role == TableRole::multiplied || role == TableRole::nearest;
    for (std::size_t a = 0; a < node.arguments.size(); ++a) {
      if (!in_tiles || a == 0) whole.insert(node.arguments[a]);
    }
  });
  return whole;
}

/// Whether a table goes to the device as a whole: by the settings, or where it leaves room for what is computed.
bool is_resident(const Table& table, const torch::Device& device, const TorchSettings& settings) {
  if (settings.resident_bytes) return table.array().bytes() < *settings.resident_bytes;
  constexpr std::size_t small = std::size_t{1} << 26, beside = std::size_t{1} << 31;
  const std::size_t room =
      2 * table.array().bytes() + 4 * sizeof(float) * settings.tile_values + beside;
  if (device.is_cpu() || table.array().bytes() < small) return true;
  try {
    at::empty({static_cast<std::int64_t>(room)}, torch::dtype(torch::kByte).device(device));
    return true;
  } catch (const c10::OutOfMemoryError&) {
    return false;
  }
}

Over over(const Node& node) { return static_cast<Over>(node.integers[0]); }

/// Results wait on the device, so that it need not be waited for after each block; but not for ever more rows.
class Results {
 public:
  Results(const std::vector<NodeId>& nodes, std::span<const Output> outputs,
          std::function<void(std::size_t input, std::size_t block)> refuse)
      : nodes_(nodes), outputs_(outputs), refuse_(std::move(refuse)) {}

  /// Of an input in a block whether all its numbers are finite.
  void expect(const torch::Tensor& finite, std::size_t input, std::size_t block) {
    checks_.push_back({finite, input, block});
  }

  void keep(NodeId id, const torch::Tensor& result, std::size_t first, std::size_t rows) {
    const auto n = static_cast<std::int64_t>(rows);
    for (std::size_t o = 0; o < nodes_.size(); ++o) {
      if (nodes_[o] != id) continue;
      const torch::Tensor all = result.size(0) == 1 ? result.expand({n, -1}) : result;
      // A copy: a result may be a view on memory that the next block is read into.
      kept_.push_back({o, first, all.narrow(0, 0, n).clone(at::MemoryFormat::Contiguous)});
      values_ += kept_.back().values.numel();
    }
  }

  void end_block() {
    constexpr std::int64_t most_values = std::int64_t{1} << 25;
    if (values_ >= most_values) take();
  }

  void take() {
    for (const Check& check : checks_) {
      if (!check.finite.item<bool>()) refuse_(check.input, check.block);
    }
    for (const Kept& kept : kept_) {
      const torch::Tensor values = kept.values.cpu();
      const auto count = static_cast<std::size_t>(values.numel());
      const float* from = values.const_data_ptr<float>();
      const std::size_t at = kept.first * static_cast<std::size_t>(values.size(1));
      const Output& to = outputs_[kept.output];
      if (to.floats) std::copy_n(from, count, to.floats + at);
      if (to.doubles) std::copy_n(from, count, to.doubles + at);
    }
    checks_.clear();
    kept_.clear();
    values_ = 0;
  }

 private:
  struct Kept {
    std::size_t output, first;
    torch::Tensor values;
  };
  struct Check {
    torch::Tensor finite;
    std::size_t input, block;
  };
  const std::vector<NodeId>& nodes_;
  std::span<const Output> outputs_;
  std::function<void(std::size_t input, std::size_t block)> refuse_;
  std::vector<Check> checks_;
  std::vector<Kept> kept_;
  std::int64_t values_ = 0;
};

}  // namespace

/// A block of rows on its way through the steps of a plan.
class TorchBlock {
 public:
  TorchBlock(const TorchProgram& program, std::vector<torch::Tensor> inputs, std::size_t rows)
      : program_(program),
        plan_(program.plan_),
        rows_(static_cast<std::int64_t>(rows)),
        values_(program.graph_->size()) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      values_[plan_.inputs[i]] = std::move(inputs[i]);
    }
    for (const auto& [id, table] : program.tables_) values_[id] = table.values();
  }

  const torch::Tensor& value(NodeId id) const { return values_[id]; }

  void step(std::size_t i) {
    const Plan::Step& step = plan_.steps[i];
    std::visit([&](const auto& work) { run(work); }, step.work);
  }
  void free_after(std::size_t i) {
    const Plan::Step& step = plan_.steps[i];
    for (const auto* ids : {&step.arguments, &step.results}) {
      for (const NodeId id : *ids) {
        const std::size_t last = program_.last_use_[id];
        if (last == i || last == Plan::none) values_[id] = torch::Tensor();
      }
    }
  }

 private:
  const Node& node(NodeId id) const { return program_.node(id); }

  TorchValue value_of(NodeId id) const {
    TorchValue v{.values = values_[id]};
    const auto table = program_.tables_.find(id);
    if (table == program_.tables_.end()) return v;
    v.rest = table->second.rest();
    v.table = &table->second;
    const auto distances = program_.distances_.find(id);
    if (distances != program_.distances_.end()) v.distances = &distances->second;
    return v;
  }

  torch::Tensor call(NodeId id, const std::vector<TorchValue>& arguments, std::size_t columns,
                     std::size_t first) const {
    const auto integers = program_.integers_.find(id);
    return torch_kernel(node(id).op)(
        {.node = node(id),
         .rows = static_cast<std::int64_t>(program_.block_rows_),
         .arguments = arguments,
         .columns = static_cast<std::int64_t>(columns),
         .first_column = static_cast<std::int64_t>(first),
         .integers = integers == program_.integers_.end() ? torch::Tensor() : integers->second});
  }

  void run(const Plan::Compute& compute) {
    std::vector<TorchValue> arguments;
    for (const NodeId a : node(compute.node).arguments) arguments.push_back(value_of(a));
    values_[compute.node] = call(compute.node, arguments, plan_.columns[compute.node], 0);
  }

  void run(const Plan::Search& search) {
    values_[search.node] =
        program_.searches_.at(search.node).search(whole(values_[search.x]), rows_);
  }

  void run(const Plan::TileLoop& loop) {
    std::vector<TorchReduction> reductions;
    for (const Plan::Reduction& r : loop.reductions) {
      reductions.emplace_back(over(node(r.node)), static_cast<std::int64_t>(plan_.columns[r.node]));
    }
    const auto step = static_cast<std::size_t>(columns_of_tile(
        static_cast<std::int64_t>(program_.block_rows_), static_cast<std::int64_t>(loop.columns),
        program_.tile_values_ / loop.body.size()));
    for (std::size_t first = 0; first < loop.columns; first += step) {
      const std::size_t columns = std::min(step, loop.columns - first);
      std::vector<torch::Tensor> in_tile;
      for (const Plan::TileNode& tile : loop.body) {
        in_tile.push_back(tile_node(tile, in_tile, loop.columns, first, columns));
      }
      for (std::size_t r = 0; r < reductions.size(); ++r) {
        const torch::Tensor& body = in_tile[loop.reductions[r].body];
        reductions[r].add(whole(body));
      }
    }
    for (std::size_t r = 0; r < reductions.size(); ++r) {
      values_[loop.reductions[r].node] = reductions[r].finish();
    }
  }

  /// Columns first .. first + columns - 1 of a body node.
  torch::Tensor tile_node(const Plan::TileNode& tile, const std::vector<torch::Tensor>& in_tile,
                          std::size_t all_columns, std::size_t first, std::size_t columns) const {
    const Node& body = node(tile.node);
    const bool cut = info(body.op).table_role == TableRole::operand && all_columns > 1;
    std::vector<TorchValue> arguments;
    for (std::size_t a = 0; a < tile.from.size(); ++a) {
      if (tile.from[a] != Plan::none) {
        arguments.push_back({.values = in_tile[tile.from[a]]});
        continue;
      }
      TorchValue value = value_of(body.arguments[a]);
      const auto cut_out = [&](torch::Tensor& all) {
        if (all.defined() && all.size(1) == static_cast<std::int64_t>(all_columns)) {
          all = all.narrow(1, static_cast<std::int64_t>(first), static_cast<std::int64_t>(columns));
        }
      };
      if (cut) {
        cut_out(value.values);
        cut_out(value.rest);
      }
      arguments.push_back(std::move(value));
    }
    return call(tile.node, arguments, columns, first);
  }

  /// All rows of the block in order, where constants alone gave one that stands for them.
  torch::Tensor whole(const torch::Tensor& x) const {
    return x.expand({static_cast<std::int64_t>(program_.block_rows_), x.size(1)}).contiguous();
  }

  const TorchProgram& program_;
  const Plan& plan_;
  std::int64_t rows_;  // that there are
  std::vector<torch::Tensor> values_;
};

TorchProgram::TorchProgram(const std::vector<Expr>& outputs, const torch::Device& device,
                           const TorchSettings& settings)
    : graph_(outputs.front().graph()),
      outputs_(ids_of(outputs)),
      plan_(make_plan(*graph_, outputs_)),
      device_(device),
      block_rows_(settings.block_rows > 0 ? settings.block_rows
                                          : choose_block_rows(*graph_, plan_)),
      tile_values_(settings.tile_values),
      last_use_(graph_->size(), Plan::none) {
  const torch::NoGradGuard no_gradients;
  for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
    for (const NodeId a : plan_.steps[i].arguments) last_use_[a] = i;
  }
  for (const NodeId id : plan_.constants) last_use_[id] = plan_.steps.size();  // stay
  const std::set<NodeId> whole = read_as_a_whole(*graph_, plan_, outputs_);
  for (const NodeId id : plan_.constants) {
    const Table& table = graph_->table(id);
    tables_.try_emplace(id, table, device_,
                        whole.contains(id) || is_resident(table, device_, settings));
  }
  for_each_kernel(plan_, [&](NodeId id) {
    if (info(node(id).op).table_role == TableRole::nearest) add_distances(node(id).arguments[1]);
    if (!node(id).integers.empty()) add_integers(id);
  });
  for (const Plan::Step& step : plan_.steps) {
    const auto* search = std::get_if<Plan::Search>(&step.work);
    if (search == nullptr) continue;
    add_distances(search->table);
    searches_.try_emplace(search->node, distances_.at(search->table), over(node(search->node)),
                          static_cast<std::int64_t>(plan_.columns[search->node]), tile_values_);
  }
}

void TorchProgram::add_distances(NodeId table) { distances_.try_emplace(table, tables_.at(table)); }

void TorchProgram::add_integers(NodeId id) {
  integers_.try_emplace(id, torch::tensor(node(id).integers).to(device_));
}

void TorchProgram::run(const Batch& batch, std::span<const Output> outputs,
                       InputCheck check) const {
  if (outputs.size() != outputs_.size()) {
    fail("[program] expected ", outputs_.size(), " outputs, found ", outputs.size());
  }
  const std::size_t rows = check_batch(*graph_, plan_.inputs, batch);
  const torch::NoGradGuard no_gradients;
  // Ten bits of mantissa would be faster, but no distances.
  at::globalContext().setAllowTF32CuBLAS(false);
  if (device_.is_cpu()) nn::use_our_threads();
  std::vector<std::string> names;
  for (const NodeId id : plan_.inputs) names.push_back(node(id).name);
  TorchFeed feed(batch, names, rows, block_rows_, device_);
  Results results(outputs_, outputs, [&](std::size_t input, std::size_t block) {
    refuse_not_finite(names[input], batch.find(names[input])->second, block * block_rows_,
                      feed.rows_of(block));
  });
  for (std::size_t block = 0; block < feed.blocks(); ++block) {
    const std::vector<torch::Tensor> inputs = feed.next();
    for (std::size_t i = 0; check == InputCheck::finite && i < inputs.size(); ++i) {
      results.expect(at::isfinite(inputs[i]).all(), i, block);
    }
    TorchBlock work(*this, inputs, feed.rows_of(block));
    const auto keep = [&](NodeId id) {
      results.keep(id, work.value(id), block * block_rows_, feed.rows_of(block));
    };
    std::ranges::for_each(plan_.inputs, keep);
    std::ranges::for_each(plan_.constants, keep);
    for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
      work.step(i);
      std::ranges::for_each(plan_.steps[i].results, keep);
      work.free_after(i);
    }
    results.end_block();
  }
  results.take();
}

Executor torch_executor(std::string_view device, const TorchSettings& settings) {
  const torch::Device place = nn::find_device(device);
  at::empty({1}, torch::dtype(torch::kFloat).device(place));  // starts it
  const std::string summary =
      place.is_cpu() ? "libtorch on the CPU" : text("libtorch on ", place.str());
  return {"torch", summary, Precision::float32,
          [place, settings](const std::vector<Expr>& outputs) -> std::unique_ptr<Program> {
            return std::make_unique<TorchProgram>(outputs, place, settings);
          }};
}

}  // namespace nescio::expr
