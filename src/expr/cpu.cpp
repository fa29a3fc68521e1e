// The CPU executor: row blocks that stay in the L2 cache, one kernel call a node and block, blocks
// in parallel.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>

#include "base/error.h"
#include "base/threads.h"
#include "expr/cpu_kernels.h"
#include "expr/plan.h"
#include "expr/program.h"
#include "expr/tile_reduction.h"
#include "math/nearest_rows.h"
#include "math/row_kernels.h"

namespace nescio {
namespace {

constexpr std::size_t tile_columns = math::NearestRows::tile_columns;

// Rows of a block, from the shapes of the program only, so that the shapes of all products are
// fixed. Enough rows to keep the product of a block near the peak (more for long rows), few enough
// to stay in the L2 cache.
std::size_t choose_block_rows(const Graph& graph, const Plan& plan) {
  std::size_t widest = 1;
  std::size_t longest_product = 0;
  const auto look_at = [&](NodeId id) {
    const Op op = graph.node(id).op;
    const bool search = is_search(graph, id);
    widest = std::max(widest, search ? tile_columns : std::min(plan.columns[id], tile_columns));
    if (search || op == Op::matmul || op == Op::squared_distances) {
      longest_product = std::max(longest_product, graph.node(arguments_of(graph, id)[0]).width);
    }
  };
  for (const NodeId id : plan.inputs) widest = std::max(widest, graph.node(id).width);
  for (const Plan::Step& step : plan.steps) {
    if (step.reductions.empty()) look_at(step.node);
    for (const Plan::TileNode& tile : step.body) look_at(tile.node);
  }
  if (longest_product >= 1024) return 512;
  if (longest_product >= 128) return 256;
  constexpr std::size_t cached_floats = std::size_t{1} << 16;
  std::size_t rows = 4096;
  while (rows > 64 && rows * widest > cached_floats) rows /= 2;
  return rows;
}

// 64-byte aligned floats that are not initialised.
class Buffer {
 public:
  explicit Buffer(std::size_t count)
      : data_(static_cast<float*>(std::aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64))) {
    if (!data_) fail("out of memory for ", count * sizeof(float), " bytes");
  }
  float* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::unique_ptr<float[], Free> data_;
};

std::size_t round_up(std::size_t count) { return (count + 15) / 16 * 16; }

class CpuProgram final : public Program {
 public:
  explicit CpuProgram(const std::vector<Expr>& outputs) : graph_(outputs.front().graph()) {
    for (const Expr& e : outputs) outputs_.push_back(e.id());
    plan_ = make_plan(*graph_, outputs_);
    block_rows_ = choose_block_rows(*graph_, plan_);
    for (const NodeId id : plan_.constants) prepare_constant(id);
    for (const Plan::Step& step : plan_.steps) {
      if (step.reductions.empty()) prepare(step.node);
      for (const Plan::TileNode& tile : step.body) prepare(tile.node);
      searches_ |= step.reductions.empty() && is_search(*graph_, step.node);
    }
  }

  std::size_t block_rows() const override { return block_rows_; }

  void run(const Batch& batch, std::span<const Output> outputs, InputCheck check) const override {
    if (outputs.size() != outputs_.size()) {
      fail("[program] expected ", outputs_.size(), " outputs, found ", outputs.size());
    }
    const std::size_t rows = check_batch(*graph_, plan_.inputs, batch);
    const std::size_t blocks = (rows + block_rows_ - 1) / block_rows_;
    std::vector<std::unique_ptr<Workspace>> workspaces(static_cast<std::size_t>(thread_count()));
    parallel_for_threads(blocks, [&](std::size_t block, int thread) {
      auto& workspace = workspaces[static_cast<std::size_t>(thread)];
      if (!workspace) workspace = take_workspace();
      const std::size_t first = block * block_rows_;
      const std::size_t count = std::min(block_rows_, rows - first);
      if (check == InputCheck::finite) check_inputs(batch, first, count);
      run_block(batch, first, count, outputs, *workspace);
    });
    const std::lock_guard lock(mutex_);
    for (auto& workspace : workspaces) {
      if (workspace) idle_.push_back(std::move(workspace));
    }
  }

 private:
  // Everything that one thread writes while it works on a block.
  struct Workspace {
    explicit Workspace(const CpuProgram& program)
        : scratch(program.scratch_floats_),
          padded(program.padded_floats()),
          slots(program.slot_floats()),
          tiles(program.tile_floats()) {}

    Buffer scratch, padded, slots, tiles;
    std::vector<CpuValues> values;       // by node
    std::vector<float*> results;         // by node: its slot
    std::vector<CpuValues> tile_values;  // by place in the body of the loop that runs
    std::vector<CpuValues> arguments;    // of the node that runs
    std::map<NodeId, TileReduction> reductions;
    std::map<NodeId, math::NearestRows> searches;
  };

  std::size_t padded_floats() const {
    std::size_t sum = 0;
    for (const NodeId id : plan_.inputs) sum += round_up(graph_->node(id).width * block_rows_);
    return sum;
  }
  std::size_t slot_floats() const {
    std::size_t sum = 0;
    for (const std::size_t columns : plan_.slot_columns) sum += round_up(columns * block_rows_);
    return sum;
  }

  std::size_t tile_floats() const {
    const std::size_t tiles = std::max<std::size_t>(plan_.tile_slots, searches_ ? 1 : 0);
    return tiles * block_rows_ * tile_columns;
  }

  // A workspace of an earlier run, or a new one.
  std::unique_ptr<Workspace> take_workspace() const {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto workspace = std::move(idle_.back());
        idle_.pop_back();
        return workspace;
      }
    }
    auto workspace = std::make_unique<Workspace>(*this);
    workspace->values.resize(graph_->size());
    workspace->results.resize(graph_->size());
    for (const auto& [id, values] : constants_) {
      const auto rest = rests_.find(id);
      workspace->values[id] = {values.as<float>().data(), graph_->table(id).rows(),
                               graph_->node(id).width,
                               graph_->table(id).rows() == 1 ? 0 : graph_->node(id).width,
                               rest == rests_.end() ? nullptr : rest->second.data()};
    }
    std::vector<float*> at;
    float* next = workspace->slots.data();
    for (const std::size_t columns : plan_.slot_columns) {
      at.push_back(next);
      next += round_up(columns * block_rows_);
    }
    const auto place = [&](NodeId id) {
      float* slot = at[plan_.slot[id]];
      workspace->results[id] = slot;
      workspace->values[id] = {slot, block_rows_, plan_.columns[id], plan_.columns[id]};
    };
    std::size_t most_arguments = 0;
    std::size_t longest_body = 0;
    for (const Plan::Step& step : plan_.steps) {
      if (step.reductions.empty()) {
        place(step.node);
        most_arguments = std::max(most_arguments, graph_->node(step.node).arguments.size());
        if (is_search(*graph_, step.node)) add_search(step.node, *workspace);
      }
      for (const Plan::Reduction& r : step.reductions) {
        place(r.node);
        workspace->reductions.try_emplace(r.node, over(r.node), block_rows_, plan_.columns[r.node]);
      }
      longest_body = std::max(longest_body, step.body.size());
      for (const Plan::TileNode& tile : step.body) {
        most_arguments = std::max(most_arguments, tile.from.size());
      }
    }
    workspace->arguments.resize(most_arguments);
    workspace->tile_values.resize(longest_body);
    return workspace;
  }

  Over over(NodeId id) const { return static_cast<Over>(graph_->node(id).integers[0]); }

  void add_search(NodeId id, Workspace& work) const {
    std::vector<math::Ranks> wanted;
    for (const ColumnRange& range : plan_.reads[id]) wanted.push_back({range.first, range.last});
    const auto order =
        over(id) == Over::smallest ? math::Order::ascending : math::Order::descending;
    work.searches.try_emplace(id, table_of(id), block_rows_, order, std::move(wanted));
  }

  // A constant as floats and, of one row in double, what the floats leave of it.
  void prepare_constant(NodeId id) {
    const Table& table = graph_->table(id);
    const auto& floats = constants_.emplace(id, table.array().to_float32()).first->second;
    if (table.rows() != 1 || table.array().dtype() != DType::float64) return;
    std::vector<float> rest(table.cols());
    for (std::size_t c = 0; c < rest.size(); ++c) {
      const float value = floats.as<float>()[c];
      if (std::isfinite(value)) rest[c] = static_cast<float>(table.value(c) - value);
    }
    if (std::ranges::any_of(rest, [](float v) { return v != 0; })) {
      rests_.emplace(id, std::move(rest));
    }
  }

  // The table of distances, once for all nodes that read it, and the scratch of the kernel.
  void prepare(NodeId id) {
    const auto& arguments = arguments_of(*graph_, id);
    const std::size_t width = arguments.empty() ? 0 : graph_->node(arguments[0]).width;
    Op op = graph_->node(id).op;
    if (is_search(*graph_, id)) op = Op::squared_distances;
    scratch_floats_ = std::max(scratch_floats_, scratch_floats(op, block_rows_, width));
    if (op != Op::squared_distances) return;
    const Table& table = graph_->table(arguments[1]);
    tables_.try_emplace(arguments[1], table.array(), table.rows(), table.cols());
  }

  const math::DistanceTable& table_of(NodeId id) const {
    return tables_.at(arguments_of(*graph_, id)[1]);
  }

  void run_block(const Batch& batch, std::size_t first, std::size_t rows,
                 std::span<const Output> outputs, Workspace& work) const {
    load_inputs(batch, first, rows, work);
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      const Op op = graph_->node(outputs_[i]).op;
      if (op == Op::input || op == Op::constant) store(outputs_[i], first, rows, outputs[i], work);
    }
    for (const Plan::Step& step : plan_.steps) {
      if (step.reductions.empty()) {
        if (is_search(*graph_, step.node)) {
          run_search(step.node, rows, work);
        } else {
          run_node(step.node, work);
        }
        store_outputs(step.node, first, rows, outputs, work);
      } else {
        run_tiles(step, work);
        for (const Plan::Reduction& r : step.reductions) {
          store_outputs(r.node, first, rows, outputs, work);
        }
      }
    }
  }

  void check_inputs(const Batch& batch, std::size_t first, std::size_t rows) const {
    for (const NodeId id : plan_.inputs) {
      const std::string& name = graph_->node(id).name;
      const MatrixView& view = batch.find(name)->second;
      const bool contiguous = view.stride == view.cols;
      bool finite = true;
      for (std::size_t r = 0; r < (contiguous ? 1 : rows) && finite; ++r) {
        finite = math::all_finite(view.row(first + r), contiguous ? rows * view.cols : view.cols);
      }
      if (!finite) refuse_not_finite(name, view, first, rows);
    }
  }

  // Inputs are read where they lie; the last, shorter block is completed with zeros to keep its
  // shape.
  void load_inputs(const Batch& batch, std::size_t first, std::size_t rows, Workspace& work) const {
    float* padded = work.padded.data();
    for (const NodeId id : plan_.inputs) {
      const Node& node = graph_->node(id);
      const MatrixView& view = batch.find(node.name)->second;
      work.values[id] = {view.row(first), block_rows_, node.width, view.stride};
      if (rows < block_rows_) {
        std::memset(padded, 0, block_rows_ * node.width * sizeof(float));
        for (std::size_t r = 0; r < rows; ++r) {
          std::copy_n(view.row(first + r), node.width, padded + r * node.width);
        }
        work.values[id] = {padded, block_rows_, node.width, node.width};
      }
      padded += round_up(node.width * block_rows_);
    }
  }

  void run_node(NodeId id, Workspace& work) const {
    const Node& node = graph_->node(id);
    const auto arguments = std::span(work.arguments).first(node.arguments.size());
    for (std::size_t a = 0; a < arguments.size(); ++a) {
      arguments[a] = work.values[node.arguments[a]];
    }
    CpuCall call{
        node, block_rows_, arguments, work.scratch.data(), work.results[id], plan_.columns[id]};
    if (node.op == Op::squared_distances) call.table = &table_of(id);
    cpu_kernel(node.op)(call);
  }

  void run_search(NodeId id, std::size_t rows, Workspace& work) const {
    const CpuValues& x = work.values[arguments_of(*graph_, id)[0]];
    work.searches.at(id).search({x.data, block_rows_, x.width, x.row_stride}, rows,
                                work.tiles.data(), work.scratch.data(), work.results[id]);
  }

  void run_tiles(const Plan::Step& step, Workspace& work) const {
    for (const Plan::Reduction& r : step.reductions) work.reductions.at(r.node).reset();
    for (std::size_t first = 0; first < step.columns; first += tile_columns) {
      const std::size_t columns = std::min(tile_columns, step.columns - first);
      for (std::size_t i = 0; i < step.body.size(); ++i) {
        work.tile_values[i] = run_tile_node(step.body[i], step.columns, first, columns, work);
      }
      for (const Plan::Reduction& r : step.reductions) {
        work.reductions.at(r.node).add(work.tile_values[r.body].data, columns, first);
      }
    }
    for (const Plan::Reduction& r : step.reductions) {
      work.reductions.at(r.node).finish(work.results[r.node]);
    }
  }

  // Columns first .. first + columns - 1 of a body node.
  CpuValues run_tile_node(const Plan::TileNode& tile, std::size_t all_columns, std::size_t first,
                          std::size_t columns, Workspace& work) const {
    const Node& node = graph_->node(tile.node);
    const auto arguments = std::span(work.arguments).first(tile.from.size());
    for (std::size_t a = 0; a < arguments.size(); ++a) {
      if (tile.from[a] != Plan::none) {
        arguments[a] = work.tile_values[tile.from[a]];
        continue;
      }
      const NodeId from = node.arguments[a];
      CpuValues value = work.values[from];
      if (graph_->node(from).op == Op::constant) {
        if (node.op == Op::matmul) {
          // Rows of the table, or columns.
          value.data += node.integers[0] != 0 ? first * value.width : first;
        } else if (node.op != Op::squared_distances && node.op != Op::ecdf &&
                   value.width == all_columns && all_columns > 1) {
          value.data += first;  // one row for all
          if (value.rest) value.rest += first;
          value.width = columns;
        }
      }
      arguments[a] = value;
    }
    float* out = work.tiles.data() + tile.slot * block_rows_ * tile_columns;
    CpuCall call{node, block_rows_, arguments, work.scratch.data(), out, columns, first};
    if (node.op == Op::squared_distances) call.table = &table_of(tile.node);
    cpu_kernel(node.op)(call);
    return {out, block_rows_, columns, columns};
  }

  void store_outputs(NodeId id, std::size_t first, std::size_t rows,
                     std::span<const Output> outputs, const Workspace& work) const {
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      if (outputs_[i] == id) store(id, first, rows, outputs[i], work);
    }
  }

  void store(NodeId id, std::size_t first, std::size_t rows, const Output& output,
             const Workspace& work) const {
    const CpuValues& result = work.values[id];
    const bool contiguous = result.row_stride == result.width;
    const std::size_t pieces = contiguous ? 1 : rows;
    const std::size_t count = contiguous ? rows * result.width : result.width;
    for (std::size_t r = 0; r < pieces; ++r) {
      const float* row = result.data + r * result.row_stride;
      const std::size_t at = (first + r) * result.width;
      if (output.floats) std::copy_n(row, count, output.floats + at);
      if (output.doubles) std::copy_n(row, count, output.doubles + at);
    }
  }

  std::shared_ptr<const Graph> graph_;
  std::vector<NodeId> outputs_;
  Plan plan_;
  std::size_t block_rows_ = 0;
  std::size_t scratch_floats_ = 0;
  bool searches_ = false;
  std::map<NodeId, Array> constants_;
  std::map<NodeId, std::vector<float>> rests_;
  std::map<NodeId, math::DistanceTable> tables_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Workspace>> idle_;
};

}  // namespace

namespace executors {
Executor cpu() { return Executor::cpu; }
}  // namespace executors

std::unique_ptr<Program> compile_cpu(const std::vector<Expr>& outputs) {
  return std::make_unique<CpuProgram>(outputs);
}

}  // namespace nescio
