// Expressions compiled for a device of libtorch.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "expr/plan.h"
#include "expr_torch/torch_executor.h"
#include "expr_torch/torch_kernels.h"
#include "expr_torch/torch_search.h"

namespace nescio::expr {

/// A plan over tensors: values of steps are freed when the last step that reads them has run.
class TorchProgram final : public Program {
 public:
  TorchProgram(const std::vector<Expr>& outputs, const torch::Device& device,
               const TorchSettings& settings);

  std::size_t block_rows() const override { return block_rows_; }
  void run(const Batch& batch, std::span<const Output> outputs, InputCheck check) const override;

 private:
  friend class TorchBlock;

  void add_distances(NodeId table);
  void add_integers(NodeId node);
  const Node& node(NodeId id) const { return graph_->node(id); }

  std::shared_ptr<const Graph> graph_;
  std::vector<NodeId> outputs_;
  Plan plan_;
  torch::Device device_;
  std::size_t block_rows_, tile_values_;
  std::vector<std::size_t> last_use_;  // by node: the last step that reads it
  std::map<NodeId, TorchTable> tables_;
  std::map<NodeId, TorchDistances> distances_;
  std::map<NodeId, TorchSearch> searches_;
  std::map<NodeId, torch::Tensor> integers_;
};

}  // namespace nescio::expr
