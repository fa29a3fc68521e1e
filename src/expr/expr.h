// Scores as expressions over the rows of a batch: written once, run by any executor (program.h).
//
// An Expr is a cheap handle on a node of a Graph. Every value is [B, width] for B rows of a batch;
// a width of 1 and constants of one row are broadcast. Building costs nothing per row; equal parts
// of different scores are one node and are computed once. Builders throw Error on widths or types
// that do not fit.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "expr/graph.h"

namespace nescio {

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

// Arithmetic, element by element. Multiplying by 1 or adding 0 adds no node.
Expr operator+(const Expr& a, const Expr& b);
Expr operator-(const Expr& a, const Expr& b);
Expr operator*(const Expr& a, const Expr& b);
Expr operator/(const Expr& a, const Expr& b);
Expr operator+(const Expr& a, const Table& b);
Expr operator-(const Expr& a, const Table& b);
Expr operator*(const Expr& a, const Table& b);
Expr operator/(const Expr& a, const Table& b);
Expr operator+(const Table& a, const Expr& b);
Expr operator-(const Table& a, const Expr& b);
Expr operator*(const Table& a, const Expr& b);
Expr operator/(const Table& a, const Expr& b);
Expr operator-(const Expr& a);

Expr min(const Expr& a, const Expr& b);
Expr max(const Expr& a, const Expr& b);
Expr min(const Expr& a, const Table& b);
Expr max(const Expr& a, const Table& b);
/// min(max(x, low), high)
Expr clip(const Expr& x, const Table& low, const Table& high);
Expr pow(const Expr& base, const Expr& exponent);
Expr pow(const Expr& base, const Table& exponent);
/// log(e^a + e^b), the maximum taken out.
Expr logaddexp(const Expr& a, const Expr& b);

Expr exp(const Expr& x);
Expr expm1(const Expr& x);
Expr log(const Expr& x);
Expr log1p(const Expr& x);
Expr sqrt(const Expr& x);
Expr abs(const Expr& x);

// Comparisons give booleans.
Expr operator<(const Expr& a, const Expr& b);
Expr operator<=(const Expr& a, const Expr& b);
Expr operator>(const Expr& a, const Expr& b);
Expr operator>=(const Expr& a, const Expr& b);
Expr operator==(const Expr& a, const Expr& b);
Expr operator!=(const Expr& a, const Expr& b);
Expr operator<(const Expr& a, const Table& b);
Expr operator<=(const Expr& a, const Table& b);
Expr operator>(const Expr& a, const Table& b);
Expr operator>=(const Expr& a, const Table& b);
/// condition ? a : b
Expr where(const Expr& condition, const Expr& a, const Expr& b);

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

// Along the columns of a row, the width stays.
Expr softmax(const Expr& x);
Expr log_softmax(const Expr& x);
Expr cumsum(const Expr& x);
enum class Sort { ascending, descending };
/// The row in order. Only as many entries are computed as consumers read.
Expr sorted(const Expr& x, Sort order = Sort::ascending);
/// Place of each entry in the ascending row, from 0; equal entries in order of their columns. An
/// index.
Expr rank(const Expr& x);

/// x [B, w] times a table [w, n].
Expr matmul(const Expr& x, const Table& table);
/// x [B, w] times the rows of a table [n, w]: the inner product with each row.
Expr inner_products(const Expr& x, const Table& rows);
/// |x - row|^2 for each row of a table [n, w]; never below 0.
Expr squared_distances(const Expr& x, const Table& rows);
/// Row number `index` (width 1) of a table [n, w].
Expr take_row(const Table& table, const Expr& index);
/// Entry r, j = x[r, index[r, j]].
Expr gather_columns(const Expr& x, const Expr& index);
/// Columns first .. last - 1.
Expr slice_columns(const Expr& x, std::size_t first, std::size_t last);
Expr select_columns(const Expr& x, const std::vector<std::int64_t>& columns);
Expr column(const Expr& x, std::size_t index);
Expr concat(const std::vector<Expr>& parts);

/// Share of the entries of a table [1, n] that are <= x: the empirical distribution function,
/// right-continuous.
Expr ecdf(const Expr& x, const Table& table);
/// Counts per row in [e_0, e_1), [e_1, e_2) ... the last one closed (numpy); edges [1, m]
/// ascending; [B, m - 1].
Expr row_histogram(const Expr& x, const Table& edges);
/// Number of borders <= x in the same column of a table [n, w] with ascending columns. An index.
Expr bucketize(const Expr& x, const Table& borders);

/// How over_rows brings the columns of its body together.
enum class Over { sum, logsumexp, smallest, largest };
/// Reduces a body whose columns belong to the rows of a bank: squared_distances(x, rows),
/// elementwise functions of it, constants [1, rows]. The body is evaluated tile by tile, so [B,
/// rows] is never held. sum (in double) and logsumexp give one column; smallest and largest the
/// sorted row, of which only as many entries are computed as consumers read: a sweep over k shares
/// one search.
Expr over_rows(Over reduction, const Expr& body);

}  // namespace nescio
