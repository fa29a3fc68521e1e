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
#include "math/row_kernels.h"

namespace nescio {
namespace {

constexpr std::size_t tile_columns = 1024;

// Rows of a block, from the shapes of the program only, so that the shapes of all products are
// fixed. Enough rows to keep the product of a block near the peak (more for long rows), few enough
// to stay in the L2 cache.
std::size_t choose_block_rows(const Graph& graph, const Plan& plan) {
  std::size_t widest = 1;
  std::size_t longest_product = 0;
  const auto look_at = [&](NodeId id) {
    const Node& node = graph.node(id);
    widest = std::max(widest, std::min(plan.columns[id], tile_columns));
    if (node.op == Op::matmul || node.op == Op::squared_distances) {
      longest_product = std::max(longest_product, graph.node(node.arguments[0]).width);
    }
  };
  for (const NodeId id : plan.inputs) widest = std::max(widest, graph.node(id).width);
  for (const Plan::Step& step : plan.steps) {
    if (step.reductions.empty()) look_at(step.node);
    for (const NodeId id : step.body) look_at(id);
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
    for (const NodeId id : plan_.constants)
      constants_.emplace(id, graph_->table(id).array().to_float32());
    for (const Plan::Step& step : plan_.steps) {
      if (step.reductions.empty()) prepare(step.node);
      for (const NodeId id : step.body) prepare(id);
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
        : scratch(program.block_rows_),
          padded(program.padded_floats()),
          slots(program.slot_floats()),
          tiles(program.plan_.tile_slots * program.block_rows_ * tile_columns) {}

    Buffer scratch, padded, slots, tiles;
    std::vector<CpuValues> values;  // by node
    std::vector<float*> results;    // by node: its slot
    std::map<NodeId, TileReduction> reductions;
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
      workspace->values[id] = {values.as<float>().data(), graph_->table(id).rows(),
                               graph_->node(id).width,
                               graph_->table(id).rows() == 1 ? 0 : graph_->node(id).width};
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
    for (const Plan::Step& step : plan_.steps) {
      if (step.reductions.empty()) place(step.node);
      for (const NodeId id : step.reductions) {
        place(id);
        workspace->reductions.try_emplace(id, static_cast<Over>(graph_->node(id).integers[0]),
                                          block_rows_, step.columns, plan_.columns[id]);
      }
    }
    return workspace;
  }

  // |row|^2 of the tables of squared_distances, once.
  void prepare(NodeId id) {
    const Node& node = graph_->node(id);
    if (node.op != Op::squared_distances || row_norms_.contains(node.arguments[1])) return;
    const Array& table = constants_.at(node.arguments[1]);
    const auto values = table.as<float>();
    std::vector<float>& norms = row_norms_[node.arguments[1]];
    norms.resize(node.width);
    const std::size_t width = values.size() / node.width;
    parallel_for(node.width, [&](std::size_t r) {
      double sum = 0;
      for (std::size_t d = 0; d < width; ++d) {
        sum += static_cast<double>(values[r * width + d]) * values[r * width + d];
      }
      norms[r] = static_cast<float>(sum);
    });
  }

  const float* norms_of(const Node& node) const {
    return node.op == Op::squared_distances ? row_norms_.at(node.arguments[1]).data() : nullptr;
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
        run_node(step.node, work);
        store_outputs(step.node, first, rows, outputs, work);
      } else {
        run_tiles(step, work);
        for (const NodeId id : step.reductions) store_outputs(id, first, rows, outputs, work);
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
    CpuValues arguments[8];
    std::vector<CpuValues> many;
    std::span<CpuValues> list(arguments, std::min<std::size_t>(node.arguments.size(), 8));
    if (node.arguments.size() > 8) {
      many.resize(node.arguments.size());
      list = many;
    }
    for (std::size_t a = 0; a < list.size(); ++a) list[a] = work.values[node.arguments[a]];
    cpu_kernel(node.op)({node, block_rows_, list, norms_of(node), work.scratch.data(),
                         work.results[id], plan_.columns[id]});
  }

  void run_tiles(const Plan::Step& step, Workspace& work) const {
    for (const NodeId id : step.reductions) work.reductions.at(id).reset();
    for (std::size_t first = 0; first < step.columns; first += tile_columns) {
      const std::size_t columns = std::min(tile_columns, step.columns - first);
      for (const NodeId id : step.body) run_tile_node(id, step.columns, first, columns, work);
      for (const NodeId id : step.reductions) {
        const NodeId body = graph_->node(id).arguments[0];
        work.reductions.at(id).add(work.values[body].data, columns, first);
      }
    }
    for (const NodeId id : step.reductions) {
      float* out = work.results[id];
      const Node& body = graph_->node(graph_->node(id).arguments[0]);
      const auto over = static_cast<Over>(graph_->node(id).integers[0]);
      if (body.op == Op::squared_distances && over != Over::sum && over != Over::logsumexp) {
        work.reductions.at(id).finish_distances(
            work.values[body.arguments[0]], work.values[body.arguments[1]], plan_.reads[id], out);
      } else {
        work.reductions.at(id).finish(out);
      }
    }
  }

  // Columns first .. first + columns - 1 of a body node.
  void run_tile_node(NodeId id, std::size_t all_columns, std::size_t first, std::size_t columns,
                     Workspace& work) const {
    const Node& node = graph_->node(id);
    CpuValues arguments[4];
    for (std::size_t a = 0; a < node.arguments.size(); ++a) {
      const NodeId from = node.arguments[a];
      CpuValues value = work.values[from];
      if (graph_->node(from).op == Op::constant) {
        if (node.op == Op::squared_distances || (node.op == Op::matmul && node.integers[0] != 0)) {
          value.data += first * value.width;  // rows of the table
        } else if (node.op == Op::matmul) {
          value.data += first;  // columns of the table
        } else if (node.op != Op::ecdf && value.width == all_columns && all_columns > 1) {
          value.data += first;  // one row for all
          value.width = columns;
        }
      }
      arguments[a] = value;
    }
    float* out = work.tiles.data() + plan_.slot[id] * block_rows_ * tile_columns;
    const float* norms = norms_of(node);
    cpu_kernel(node.op)({node, block_rows_, std::span(arguments, node.arguments.size()),
                         norms ? norms + first : nullptr, work.scratch.data(), out, columns});
    work.values[id] = {out, block_rows_, columns, columns};
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
  std::map<NodeId, Array> constants_;
  std::map<NodeId, std::vector<float>> row_norms_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Workspace>> idle_;
};

}  // namespace

std::unique_ptr<Program> compile_cpu(const std::vector<Expr>& outputs) {
  return std::make_unique<CpuProgram>(outputs);
}

}  // namespace nescio
