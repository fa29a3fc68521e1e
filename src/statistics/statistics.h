// What fitting needs from a split: statistics of an expression, each computed once and shared.
//
// All of them are made of one thing, reduce(): sums over rows, in double. A statistic that is not here is a
// function over it (k_means.h, gaussian_mixture.h); derived() remembers what follows from statistics.
//
// Of several processes each reads and computes a share of the rows, and all get the same numbers: the bits that one
// process gets. So whatever is computed from statistics alone is the same everywhere, too.
#pragma once

#include <any>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/communicator.h"
#include "base/matrix.h"
#include "expr/program.h"
#include "math/linalg.h"
#include "statistics/split.h"

namespace nescio::statistics {

/// Some rows of an expression, as reduce() shows them.
struct Rows {
  std::size_t first = 0;     // number of the first of them
  std::size_t width = 0;     // values of a row
  std::span<double> values;  // [count, width]; may be changed

  std::size_t count() const { return values.size() / width; }
  std::span<double> row(std::size_t r) const { return values.subspan(r * width, width); }
};

/// Adds to `sums` what some rows say, and does nothing else: other processes have other rows. Called by several threads
/// at once, each time for other rows and other sums.
using AddRows = std::function<void(const Rows& rows, Matrix& sums)>;
/// What the row of this number says.
using OfRow = std::function<double(std::size_t number, std::span<const double> row)>;

/// sums += other: sums over two sets of rows become those over both.
void merge(Matrix& sums, const Matrix& other);

/// Statistics of expressions over the rows of one split, or over some of them (only(), subset()). Results are
/// memoised by (expression, statistic), so detectors that ask for the same thing share it; expressions must
/// be of one graph. Rows are streamed: nothing here holds [N, w] but values(). Not for several threads at
/// once. A class without samples, a label outside 0 .. classes - 1 and missing labels are Errors of the
/// statistics that need labels, no rows at all of all but sums and counts.
class Statistics {
 public:
  /// Error on arrays of different rows, and on a split without rows. All processes do the same with theirs, which are of
  /// the same split.
  Statistics(Split split, const expr::Executor& executor, Communicator& processes = alone());

  const std::string& name() const { return split_.name; }
  std::size_t rows() const { return rows_; }
  std::size_t classes() const { return split_.classes; }
  /// Checked once: every label is in 0 .. classes - 1.
  std::span<const std::int64_t> labels();
  /// Samples of each class; a class may have none.
  const std::vector<std::size_t>& class_counts();
  /// Error where a class has no sample.
  void require_every_class();

  /// The label of a row as an expression: what only() may compare with. [B, 1]
  expr::Expr label(const std::shared_ptr<expr::Graph>& graph);
  /// Of the rows for which `condition` [B, 1] holds: only(row_argmax(in.logits) == label(graph)) are those
  /// that are classified right.
  Statistics& only(const expr::Expr& condition);
  /// Of these rows, in this order.
  Statistics subset(const std::vector<std::size_t>& rows) const;

  /// The sum over all rows of what `add` adds to a matrix of zeros of this shape. The order is fixed: rows
  /// are cut into chunks and these into lanes, which follow from the number of rows and from the shapes alone;
  /// a lane adds up its rows one after the other, and the lanes are merged in order. So all bits are
  /// the same for any number of threads, and of processes: these share the lanes, and hand on what was merged so far,
  /// one sum over all for each of them. Error, with the row, for a value that is not finite.
  Matrix reduce(const expr::Expr& e, const Matrix& zeros, const AddRows& add);
  /// A number of each row, [N], of which `compute` says it; the same errors.
  std::vector<double> of_each_row(const expr::Expr& e, const OfRow& compute);

  /// compute(), once for this name and expression: what follows from statistics at a cost, such as an
  /// eigenbasis. Whatever else it depends on belongs into the name or the expression.
  template <class T, class Compute>
  const T& derived(const std::string& name, const expr::Expr& e, Compute compute);

  /// [1, w]
  const Matrix& mean(const expr::Expr& e);
  /// [C, w]; of a class without rows 0
  const Matrix& class_sum(const expr::Expr& e);
  /// [C, w]
  const Matrix& class_mean(const expr::Expr& e);
  /// [w, w], divided by N, about the mean.
  const Matrix& covariance(const expr::Expr& e);
  /// [w, w], divided by N, about the mean of each row's class.
  const Matrix& within_covariance(const expr::Expr& e);
  /// Whitening of the covariances above (math/linalg.h), without what float32 rounding alone makes vary:
  /// eps^2 times the mean square of the largest column. Error if nothing else varies.
  const math::Whitening& whitening(const expr::Expr& e);
  const math::Whitening& within_whitening(const expr::Expr& e);
  /// The variance that float32 rounding alone gives a column.
  double rounding_variance(const expr::Expr& e);
  /// Error where rows vary by no more than that about the means of their classes.
  void require_within_variance(const expr::Expr& e);
  /// Of all N * w values together, numpy's linear interpolation; each q in [0, 1]. Those that were not asked
  /// for before come from the same passes over the rows (one or two, or four in float64).
  std::vector<double> quantiles(const expr::Expr& e, const std::vector<double>& q);
  double quantile(const expr::Expr& e, double q) { return quantiles(e, {q})[0]; }
  /// The values themselves, [N, w]: float32 or float64, as the executor computes.
  const Array& values(const expr::Expr& e);

 private:
  Statistics(const Statistics& whole, std::vector<std::size_t> kept);
  void check_graph(const expr::Expr& e);
  void require_rows() const;
  Matrix covariance_about(const expr::Expr& e, const Matrix& centres, bool by_class);

  struct Window {
    expr::Batch batch;
    std::vector<std::vector<float>> copies;  // of rows that do not lie side by side
  };
  expr::Batch arrays_of(const expr::Expr& e);
  Window window(const expr::Batch& all, std::size_t first, std::size_t rows) const;
  expr::InputCheck check_of(const expr::Batch& all) const;
  template <class T, class Take>
  Share stream(const expr::Expr& e, Take take);

  Split split_;
  expr::Executor executor_;
  Communicator* processes_;
  std::size_t rows_ = 0;
  std::optional<std::vector<std::size_t>> kept_;  // rows of the arrays; all of them where empty
  Array label_values_;                            // [N] float32
  bool labels_checked_ = false;
  std::set<std::string, std::less<>> finite_;  // arrays that a pass has gone through
  std::vector<std::size_t> class_counts_;
  std::map<std::pair<std::string, expr::NodeId>, std::any> memo_;
  std::map<expr::NodeId, std::map<double, double>> quantiles_;
  std::map<expr::NodeId, std::unique_ptr<Statistics>> parts_;
  std::shared_ptr<expr::Graph>
      graph_;  // of the expressions seen: node numbers of two graphs must not mix
};

template <class T, class Compute>
const T& Statistics::derived(const std::string& name, const expr::Expr& e, Compute compute) {
  check_graph(e);
  std::pair key(name, e.id());
  auto found = memo_.find(key);
  if (found == memo_.end()) {
    // Computed before it is stored: it may ask for other statistics.
    std::any value = T(compute());
    found = memo_.emplace(std::move(key), std::move(value)).first;
  }
  return std::any_cast<const T&>(found->second);
}

}  // namespace nescio::statistics
