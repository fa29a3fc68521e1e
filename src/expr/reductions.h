// Reductions over the columns of a row, softmax and cumulative sums.
#pragma once

#include <vector>

#include "expr/value.h"

namespace nescio::expr {

/// Borders of groups of neighbouring columns, 0 and the width included: {0, 3, 10} = columns 0-2
/// and 3-9. Empty: one group of all columns.
using Groups = std::vector<std::int64_t>;

// Over the columns of a row, one result for each group.
Expr row_sum(const Expr& x, const Groups& groups = {});
Expr row_mean(const Expr& x, const Groups& groups = {});
Expr row_max(const Expr& x, const Groups& groups = {});
Expr row_min(const Expr& x, const Groups& groups = {});
/// Column (within the group) of the maximum, the first of equals; an index.
Expr row_argmax(const Expr& x, const Groups& groups = {});
/// log sum_c e^x_c, the maximum taken out.
Expr logsumexp(const Expr& x, const Groups& groups = {});
/// log of the sum over all columns but the (first) maximum: log(1 - p_max) without cancellation is
/// logsumexp_rest(z) - logsumexp(z). A single column gives -inf.
Expr logsumexp_rest(const Expr& x, const Groups& groups = {});
/// logsumexp_rest(x) - row_max(x) without cancellation: log (1 - p) / p for the largest softmax entry p.
Expr log_odds(const Expr& x, const Groups& groups = {});
Expr l1_norm(const Expr& x, const Groups& groups = {});
Expr l2_norm(const Expr& x, const Groups& groups = {});
/// The square of l2_norm without its root.
Expr sum_of_squares(const Expr& x, const Groups& groups = {});

// Along the columns of a row, the width stays.
Expr softmax(const Expr& x);
Expr log_softmax(const Expr& x);
Expr cumsum(const Expr& x);

}  // namespace nescio::expr
