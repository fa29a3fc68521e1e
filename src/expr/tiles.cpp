#include "expr/tiles.h"

#include "base/error.h"
#include "expr/build.h"

namespace nescio::expr {

Expr over_rows(Over reduction, const Expr& body) {
  const Op op = body.graph()->node(body.id()).op;
  if (!info(op).column_wise) {
    fail("[over_rows] ", info(op).name, " needs whole rows and cannot be evaluated in tiles");
  }
  const bool one = reduction == Over::sum || reduction == Over::logsumexp;
  return make(Op::over_rows, {body}, one ? 1 : body.width(), ValueType::number,
              {static_cast<std::int64_t>(reduction)});
}

}  // namespace nescio::expr
