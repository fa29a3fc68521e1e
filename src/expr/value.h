// The handle that expressions are made of, and what they begin with.
#pragma once

#include <memory>
#include <string>

#include "expr/graph.h"

namespace nescio::expr {

/// A value of every row of a batch: a cheap handle on a node of a graph.
class Expr {
 public:
  Expr() = default;
  Expr(std::shared_ptr<Graph> graph, NodeId id) : graph_(std::move(graph)), id_(id) {}

  explicit operator bool() const { return graph_ != nullptr; }
  const std::shared_ptr<Graph>& graph() const { return graph_; }
  NodeId id() const { return id_; }
  std::size_t width() const { return graph_->node(id_).width; }
  ValueType type() const { return graph_->node(id_).type; }

 private:
  std::shared_ptr<Graph> graph_;
  NodeId id_ = 0;
};

/// A named array of the batch, [B, width].
Expr input(const std::shared_ptr<Graph>& graph, const std::string& name, std::size_t width);
/// Constant values; [1, n] stands for every row.
Expr constant(const std::shared_ptr<Graph>& graph, const Table& values);

}  // namespace nescio::expr
