// The reference executor: every node in double precision for a few rows at a time, no tricks.
#include <cmath>

#include "base/error.h"
#include "base/threads.h"
#include "expr/program.h"
#include "expr/reference_kernels.h"

namespace nescio::expr {
namespace {

constexpr std::size_t rows_at_once = 32;

class ReferenceProgram final : public Program {
 public:
  explicit ReferenceProgram(const std::vector<Expr>& outputs) : graph_(outputs.front().graph()) {
    std::vector<bool> needed(graph_->size(), false);
    for (const Expr& e : outputs) {
      outputs_.push_back(e.id());
      needed[e.id()] = true;
    }
    for (NodeId id = static_cast<NodeId>(graph_->size()); id-- > 0;) {
      if (!needed[id]) continue;
      for (const NodeId a : graph_->node(id).arguments) needed[a] = true;
    }
    for (NodeId id = 0; id < graph_->size(); ++id) {
      if (!needed[id]) continue;
      nodes_.push_back(id);
      if (graph_->node(id).op == Op::input) inputs_.push_back(id);
      if (graph_->node(id).op == Op::constant) {
        const auto wide = graph_->table(id).array().to_float64();
        const auto values = wide.as<double>();
        constants_[id].assign(values.begin(), values.end());
      }
    }
  }

  std::size_t block_rows() const override { return rows_at_once; }

  void run(const Batch& batch, std::span<const Output> outputs, InputCheck check) const override {
    const std::size_t rows = check_batch(*graph_, inputs_, batch);
    parallel_for((rows + rows_at_once - 1) / rows_at_once, [&](std::size_t block) {
      const std::size_t first = block * rows_at_once;
      run_block(batch, first, std::min(rows_at_once, rows - first), outputs, check);
    });
  }

 private:
  void run_block(const Batch& batch, std::size_t first, std::size_t rows,
                 std::span<const Output> outputs, InputCheck check) const {
    std::map<NodeId, std::vector<double>> values;
    const auto get = [&](NodeId id) -> ReferenceValues {
      const Node& node = graph_->node(id);
      if (node.op == Op::constant) {
        return {constants_.at(id).data(), graph_->table(id).rows(), node.width};
      }
      return {values.at(id).data(), rows, node.width};
    };
    for (const NodeId id : nodes_) {
      const Node& node = graph_->node(id);
      if (node.op == Op::constant) continue;
      std::vector<double>& out = values[id];
      out.resize(rows * node.width);
      if (node.op == Op::input) {
        const MatrixView& view = batch.find(node.name)->second;
        for (std::size_t r = 0; r < rows; ++r) {
          for (std::size_t c = 0; c < node.width; ++c) {
            const float value = view(first + r, c);
            if (check == InputCheck::finite && !std::isfinite(value))
              refuse_not_finite(node.name, view, first, rows);
            out[r * node.width + c] = value;
          }
        }
        continue;
      }
      std::vector<ReferenceValues> arguments;
      for (const NodeId a : node.arguments) arguments.push_back(get(a));
      reference_kernel(node.op)({node, rows, arguments, out.data()});
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      const ReferenceValues result = get(outputs_[i]);
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < result.width; ++c) {
          const std::size_t at = (first + r) * result.width + c;
          if (outputs[i].doubles) outputs[i].doubles[at] = result(r, c);
          if (outputs[i].floats) outputs[i].floats[at] = static_cast<float>(result(r, c));
        }
      }
    }
  }

  std::shared_ptr<const Graph> graph_;
  std::vector<NodeId> nodes_, inputs_, outputs_;
  std::map<NodeId, std::vector<double>> constants_;
};

}  // namespace

namespace executors {
Executor reference() { return Executor::reference; }
}  // namespace executors

std::unique_ptr<Program> compile_reference(const std::vector<Expr>& outputs) {
  return std::make_unique<ReferenceProgram>(outputs);
}

}  // namespace nescio::expr
