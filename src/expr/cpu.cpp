// The CPU executor: row blocks that stay in the L2 cache, one kernel call a node and block, blocks
// in parallel.
//
// A block keeps its shape: the last one is filled up with zeros. Products are oneDNN's, whose bits change
// with the number of rows; so that the bits of a row depend neither on how many rows a batch has nor
// on threads, every product of a program has one shape, which follows from the expressions alone.
//
// A program for single rows has blocks of one row, one after the other on the calling thread.
#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>

#include "base/error.h"
#include "base/threads.h"
#include "expr/cpu_workspace.h"
#include "expr/program.h"
#include "expr/single_rows.h"
#include "math/double_rows.h"
#include "math/row_kernels.h"

namespace nescio::expr {
namespace {

// Rows of a block, from the shapes of the program only. A product needs enough rows to come near the peak
// of the machine (measured: 128-256 at width 512, 512 at 2048); everything else needs few enough for
// its widest value to stay in the L2 cache.
std::size_t choose_block_rows(const Graph& graph, const Plan& plan) {
  std::size_t widest = 1;
  std::size_t longest_product = 0;
  const auto look_at = [&](NodeId id) {
    widest = std::max(widest, std::min(plan.columns[id], tile_columns));
    const Node& node = graph.node(id);
    const TableRole role = info(node.op).table_role;
    if (role == TableRole::multiplied || role == TableRole::nearest) {
      longest_product = std::max(longest_product, graph.node(node.arguments[0]).width);
    }
  };
  for (const NodeId id : plan.inputs) widest = std::max(widest, graph.node(id).width);
  for (const Plan::Step& step : plan.steps) {
    if (const auto* compute = std::get_if<Plan::Compute>(&step.work)) look_at(compute->node);
    if (const auto* search = std::get_if<Plan::Search>(&step.work)) {
      widest = std::max(widest, tile_columns);
      longest_product = std::max(longest_product, graph.node(search->x).width);
    }
    if (const auto* loop = std::get_if<Plan::TileLoop>(&step.work)) {
      for (const Plan::TileNode& tile : loop->body) look_at(tile.node);
    }
  }
  if (longest_product >= 1024) return 512;
  if (longest_product >= 128) return 256;
  constexpr std::size_t cached_floats = std::size_t{1} << 16;
  std::size_t rows = 4096;
  while (rows > 64 && rows * widest > cached_floats) rows /= 2;
  return rows;
}

/// A block of rows on its way through the steps of a plan.
class BlockRun {
 public:
  BlockRun(const Graph& graph, const Plan& plan, const CpuConstants& constants,
           std::size_t block_rows, std::size_t rows, CpuWorkspace& work)
      : graph_(graph),
        plan_(plan),
        constants_(constants),
        block_rows_(block_rows),
        rows_(rows),
        work_(work) {}

  // Inputs are read where they lie, but for those of a block that must be filled up.
  void load(const Batch& batch, std::size_t first) {
    float* padded = work_.padded.data();
    for (const NodeId id : plan_.inputs) {
      const Node& node = graph_.node(id);
      const MatrixView& view = batch.find(node.name)->second;
      work_.values[id] = {view.row(first), block_rows_, node.width, view.stride};
      if (rows_ < block_rows_) {
        std::memset(padded, 0, block_rows_ * node.width * sizeof(float));
        for (std::size_t r = 0; r < rows_; ++r) {
          std::copy_n(view.row(first + r), node.width, padded + r * node.width);
        }
        work_.values[id] = {padded, block_rows_, node.width, node.width};
      }
      padded += in_cache_lines(node.width * block_rows_);
    }
  }

  void step(const Plan::Compute& compute) {
    const Node& node = graph_.node(compute.node);
    const auto arguments = std::span(work_.arguments).first(node.arguments.size());
    for (std::size_t a = 0; a < arguments.size(); ++a) {
      arguments[a] = work_.values[node.arguments[a]];
    }
    call(node, arguments, work_.results[compute.node], plan_.columns[compute.node], 0);
  }

  // Only the rows that are there: finding the neighbours of zeros would take as long as those of others.
  void step(const Plan::Search& search) {
    const CpuValues& x = work_.values[search.x];
    work_.searches.at(search.node)
        .search({x.data, block_rows_, x.width, x.row_stride}, rows_, work_.tiles.data(),
                work_.scratch.data(), work_.results[search.node]);
  }

  void step(const Plan::TileLoop& loop) {
    for (const Plan::Reduction& r : loop.reductions) work_.reductions.at(r.node).reset();
    for (std::size_t first = 0; first < loop.columns; first += tile_columns) {
      const std::size_t columns = std::min(tile_columns, loop.columns - first);
      for (std::size_t i = 0; i < loop.body.size(); ++i) {
        work_.in_tile[i] = tile_node(loop.body[i], loop.columns, first, columns);
      }
      for (const Plan::Reduction& r : loop.reductions) {
        work_.reductions.at(r.node).add(work_.in_tile[r.body].data, columns, first);
      }
    }
    for (const Plan::Reduction& r : loop.reductions) {
      work_.reductions.at(r.node).finish(work_.results[r.node]);
    }
  }

  void store(NodeId id, std::size_t first, const Output& output) const {
    const CpuValues& result = work_.values[id];
    const bool contiguous = result.row_stride == result.width;
    const std::size_t pieces = contiguous ? 1 : rows_;
    const std::size_t count = contiguous ? rows_ * result.width : result.width;
    for (std::size_t r = 0; r < pieces; ++r) {
      const float* row = result.data + r * result.row_stride;
      const std::size_t at = (first + r) * result.width;
      if (output.floats) std::copy_n(row, count, output.floats + at);
      if (output.doubles) math::widen(row, output.doubles + at, count);
    }
  }

 private:
  void call(const Node& node, std::span<const CpuValues> arguments, float* out, std::size_t columns,
            std::size_t first_column) {
    const bool nearest = info(node.op).table_role == TableRole::nearest;
    cpu_kernel(node.op).run(
        {.node = node,
         .rows = block_rows_,
         .arguments = arguments,
         .scratch = work_.scratch.data(),
         .out = out,
         .columns = columns,
         .first_column = first_column,
         .table = nearest ? &constants_.distances(node.arguments[1]) : nullptr});
  }

  // Columns first .. first + columns - 1 of a body node.
  CpuValues tile_node(const Plan::TileNode& tile, std::size_t all_columns, std::size_t first,
                      std::size_t columns) {
    const Node& node = graph_.node(tile.node);
    const bool cut = info(node.op).table_role == TableRole::operand && all_columns > 1;
    const auto arguments = std::span(work_.arguments).first(tile.from.size());
    for (std::size_t a = 0; a < arguments.size(); ++a) {
      if (tile.from[a] != Plan::none) {
        arguments[a] = work_.in_tile[tile.from[a]];
        continue;
      }
      CpuValues value = work_.values[node.arguments[a]];
      if (cut && value.width == all_columns) {  // a constant: one row for all
        value.data += first;
        if (value.rest) value.rest += first;
        value.width = columns;
      }
      arguments[a] = value;
    }
    float* out = work_.tiles.data() + tile.slot * block_rows_ * tile_columns;
    call(node, arguments, out, columns, first);
    return {out, block_rows_, columns, columns};
  }

  const Graph& graph_;
  const Plan& plan_;
  const CpuConstants& constants_;
  std::size_t block_rows_, rows_;  // of a full block, of this one
  CpuWorkspace& work_;
};

class CpuProgram final : public Program {
 public:
  enum class Rows { many, single };

  explicit CpuProgram(const std::vector<Expr>& outputs, Rows rows = Rows::many)
      : graph_(outputs.front().graph()),
        outputs_(ids_of(outputs)),
        plan_(make_plan(*graph_, outputs_)),
        block_rows_(rows == Rows::single ? 1 : choose_block_rows(*graph_, plan_)),
        constants_(*graph_, plan_) {
    // Who compiles for single rows means to ask often, and each reads the whole table: a quarter of it as bytes.
    if (rows == Rows::single) constants_.make_bounds(block_rows_);
  }

  std::size_t block_rows() const override { return block_rows_; }

  void run(const Batch& batch, std::span<const Output> outputs, InputCheck check) const override {
    if (outputs.size() != outputs_.size()) {
      fail("[program] expected ", outputs_.size(), " outputs, found ", outputs.size());
    }
    const std::size_t rows = check_batch(*graph_, plan_.inputs, batch);
    if (block_rows_ == 1) return run_single_rows(batch, rows, outputs, check);
    expect_rows(rows);
    const std::size_t blocks = (rows + block_rows_ - 1) / block_rows_;
    std::vector<std::unique_ptr<CpuWorkspace>> workspaces(static_cast<std::size_t>(thread_count()));
    parallel_for_threads(blocks, [&](std::size_t block, int thread) {
      auto& workspace = workspaces[static_cast<std::size_t>(thread)];
      if (!workspace) workspace = take_workspace();
      const std::size_t first = block * block_rows_;
      const std::size_t count = std::min(block_rows_, rows - first);
      if (check == InputCheck::finite) check_inputs(batch, first, count);
      run_block(batch, first, count, outputs, *workspace);
    });
    for (auto& workspace : workspaces) {
      if (workspace) give_back(std::move(workspace));
    }
  }

 private:
  static std::vector<NodeId> ids_of(const std::vector<Expr>& outputs) {
    std::vector<NodeId> ids;
    for (const Expr& e : outputs) ids.push_back(e.id());
    return ids;
  }

  // Allocates nothing where an idle workspace is there.
  void run_single_rows(const Batch& batch, std::size_t rows, std::span<const Output> outputs,
                       InputCheck check) const {
    const Lent workspace(*this);
    const auto run_all = [&](std::size_t, int) {
      for (std::size_t row = 0; row < rows; ++row) {
        if (check == InputCheck::finite) check_inputs(batch, row, 1);
        run_block(batch, row, 1, outputs, *workspace.work);
      }
    };
    parallel_for_threads(1, std::ref(run_all));  // products inside start no threads
  }

  // Makes what pays from so many rows on.
  void expect_rows(std::size_t rows) const {
    const std::lock_guard lock(mutex_);
    const bool before = rows_seen_ >= bounds_pay_from;
    rows_seen_ += rows;
    if (before || rows_seen_ < bounds_pay_from) return;
    if (constants_.make_bounds(block_rows_)) idle_.clear();  // they go without
  }

  // A workspace of an earlier run, or a new one.
  std::unique_ptr<CpuWorkspace> take_workspace() const {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto workspace = std::move(idle_.back());
        idle_.pop_back();
        return workspace;
      }
    }
    return std::make_unique<CpuWorkspace>(*graph_, plan_, constants_, block_rows_);
  }

  void give_back(std::unique_ptr<CpuWorkspace> workspace) const {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(workspace));
  }

  /// A workspace for one run, also of one that ends in an exception.
  struct Lent {
    explicit Lent(const CpuProgram& program) : of(program), work(program.take_workspace()) {}
    ~Lent() { of.give_back(std::move(work)); }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;

    const CpuProgram& of;
    std::unique_ptr<CpuWorkspace> work;
  };

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

  void run_block(const Batch& batch, std::size_t first, std::size_t rows,
                 std::span<const Output> outputs, CpuWorkspace& work) const {
    BlockRun block(*graph_, plan_, constants_, block_rows_, rows, work);
    const auto store = [&](NodeId id) {
      for (std::size_t i = 0; i < outputs_.size(); ++i) {
        if (outputs_[i] == id) block.store(id, first, outputs[i]);
      }
    };
    block.load(batch, first);
    for (const NodeId id : plan_.inputs) store(id);
    for (const NodeId id : plan_.constants) store(id);
    // Outputs leave as soon as they are there, since a later step may take their slot.
    for (const Plan::Step& step : plan_.steps) {
      std::visit([&](const auto& work_of_step) { block.step(work_of_step); }, step.work);
      for (const NodeId id : step.results) store(id);
    }
  }

  std::shared_ptr<const Graph> graph_;
  std::vector<NodeId> outputs_;
  Plan plan_;
  // Making them for 50,000 x 512 takes as long as they save 1,000 rows or so.
  static constexpr std::size_t bounds_pay_from = 1024;

  std::size_t block_rows_;
  mutable CpuConstants constants_;
  mutable std::mutex mutex_;
  mutable std::size_t rows_seen_ = 0;
  mutable std::vector<std::unique_ptr<CpuWorkspace>> idle_;
};

}  // namespace

namespace executors {
Executor cpu() { return Executor::cpu; }
}  // namespace executors

std::unique_ptr<Program> compile_cpu(const std::vector<Expr>& outputs) {
  return std::make_unique<CpuProgram>(outputs);
}

std::unique_ptr<Program> compile_single_rows(const std::vector<Expr>& outputs) {
  return std::make_unique<CpuProgram>(outputs, CpuProgram::Rows::single);
}

}  // namespace nescio::expr
