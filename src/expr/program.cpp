#include "expr/program.h"

#include <cmath>

#include "base/error.h"

namespace nescio::expr {

std::unique_ptr<Program> compile(const std::vector<Expr>& outputs, const Executor& executor) {
  if (outputs.empty()) fail("[program] no expressions to compile");
  for (const Expr& e : outputs) {
    if (!e || e.graph() != outputs.front().graph()) fail("[program] expressions of two graphs");
  }
  return executor.compile(outputs);
}

std::size_t check_batch(const Graph& graph, const std::vector<NodeId>& inputs, const Batch& batch) {
  std::size_t rows = 0;
  bool first = true;
  for (const NodeId id : inputs) {
    const Node& node = graph.node(id);
    const auto found = batch.find(node.name);
    if (found == batch.end()) fail("[program] the batch has no '", node.name, "'");
    const MatrixView& view = found->second;
    if (view.cols != node.width) {
      fail("[program] ", node.name, ": expected [N, ", node.width, "], found [", view.rows, ", ",
           view.cols, "]");
    }
    if (!first && view.rows != rows) {
      fail("[program] ", node.name, " has ", view.rows, " rows, the arrays before it ", rows);
    }
    rows = view.rows;
    first = false;
  }
  return rows;
}

void refuse_not_finite(const std::string& input, const MatrixView& view, std::size_t first_row,
                       std::size_t rows) {
  for (std::size_t r = first_row; r < first_row + rows; ++r) {
    for (std::size_t c = 0; c < view.cols; ++c) {
      if (!std::isfinite(view(r, c))) {
        fail(input, ": row ", r, ", column ", c, " is ", format_number(view(r, c)),
             "; expected finite numbers");
      }
    }
  }
  fail(input, ": rows ", first_row, " .. ", first_row + rows, " hold a value that is not finite");
}

}  // namespace nescio::expr
