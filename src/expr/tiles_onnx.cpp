// Reductions over the rows of a bank as ONNX nodes.
#include "expr/onnx.h"

namespace nescio::expr {

std::string onnx::over_rows(const OnnxCall& c) {
  switch (static_cast<Over>(c.node.integers[0])) {
    case Over::sum: return c.to.reduce("ReduceSum", c.argument(0));
    case Over::logsumexp: return c.to.logsumexp(c.argument(0));
    case Over::smallest: return c.to.top(c.argument(0), c.columns, false)[0];
    case Over::largest: break;
  }
  return c.to.top(c.argument(0), c.columns, true)[0];
}

}  // namespace nescio::expr
