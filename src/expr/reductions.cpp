#include "expr/reductions.h"

#include <algorithm>

#include "base/error.h"
#include "expr/build.h"

namespace nescio::expr {
namespace {

Expr reduce(Op op, const Expr& x, const Groups& groups, ValueType type = ValueType::number) {
  if (!groups.empty()) {
    const bool ascending = std::ranges::adjacent_find(groups, std::greater_equal{}) == groups.end();
    if (groups.size() < 2 || !ascending || groups.front() != 0 ||
        groups.back() != static_cast<std::int64_t>(x.width())) {
      fail("[", info(op).name, "] groups must rise from 0 to the width ", x.width());
    }
  }
  return make(op, {x}, groups.empty() ? 1 : groups.size() - 1, type, groups);
}

}  // namespace

std::vector<ColumnRange> columns_of_groups(const Graph& graph, const Node& node,
                                           std::size_t argument, ColumnRange wanted) {
  const Groups& borders = node.integers;
  if (borders.empty()) return all_columns(graph, node, argument, wanted);
  return {{static_cast<std::size_t>(borders[wanted.first]),
           static_cast<std::size_t>(borders[wanted.last])}};
}

Expr row_sum(const Expr& x, const Groups& groups) { return reduce(Op::row_sum, x, groups); }
Expr row_mean(const Expr& x, const Groups& groups) { return reduce(Op::row_mean, x, groups); }
Expr row_max(const Expr& x, const Groups& groups) { return reduce(Op::row_max, x, groups); }
Expr row_min(const Expr& x, const Groups& groups) { return reduce(Op::row_min, x, groups); }
Expr row_argmax(const Expr& x, const Groups& groups) {
  return reduce(Op::row_argmax, x, groups, ValueType::index);
}
Expr logsumexp(const Expr& x, const Groups& groups) { return reduce(Op::logsumexp, x, groups); }
Expr logsumexp_rest(const Expr& x, const Groups& groups) {
  return reduce(Op::logsumexp_rest, x, groups);
}
Expr log_odds(const Expr& x, const Groups& groups) { return reduce(Op::log_odds, x, groups); }
Expr l1_norm(const Expr& x, const Groups& groups) { return reduce(Op::l1_norm, x, groups); }
Expr l2_norm(const Expr& x, const Groups& groups) { return reduce(Op::l2_norm, x, groups); }
Expr sum_of_squares(const Expr& x, const Groups& groups) {
  return reduce(Op::sum_of_squares, x, groups);
}

Expr softmax(const Expr& x) { return make(Op::softmax, {x}, x.width()); }
Expr log_softmax(const Expr& x) { return make(Op::log_softmax, {x}, x.width()); }
Expr cumsum(const Expr& x) { return make(Op::cumsum, {x}, x.width()); }

}  // namespace nescio::expr
