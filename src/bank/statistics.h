// What fitting needs from a split: statistics of an expression, each computed once and shared.
#pragma once

#include <any>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/matrix.h"
#include "expr/program.h"
#include "math/linalg.h"

namespace nescio {

/// The arrays of one split that a fit may read.
struct Split {
  std::string name;  // "cifar10/train", for messages
  std::map<std::string, Array>
      arrays;    // by input name: "logits" [N, C], "features" [N, D], of probes; float32
  Array labels;  // [N] int64; empty where the split has none
  std::size_t classes = 0;
};

/// Statistics of expressions over the rows of one split. Results are memoised by (expression,
/// statistic), so detectors that ask for the same thing share it. Data is streamed in chunks; sums
/// are in double, in an order that does not depend on the thread count. Needs at least one row; a
/// class without samples, a label outside 0 .. classes - 1 and missing labels are Errors of the
/// statistics that need labels.
class Statistics {
 public:
  Statistics(Split split, const Executor& executor);

  const std::string& name() const { return split_.name; }
  std::size_t rows() const { return rows_; }
  std::size_t classes() const { return split_.classes; }
  /// Checked once: every label is in 0 .. classes - 1.
  std::span<const std::int64_t> labels();
  /// Samples of each class; Error if one has none.
  const std::vector<std::size_t>& class_counts();

  /// [1, w]
  const Matrix& mean(const Expr& e);
  /// [C, w]
  const Matrix& class_mean(const Expr& e);
  /// [w, w], divided by N, about the mean.
  const Matrix& covariance(const Expr& e);
  /// [w, w], divided by N, about the mean of each row's class.
  const Matrix& within_covariance(const Expr& e);
  /// Whitening of the covariances above (math/linalg.h), without what float32 rounding alone makes vary:
  /// eps^2 times the mean square of the largest column. Error if nothing else varies.
  const math::Whitening& whitening(const Expr& e);
  const math::Whitening& within_whitening(const Expr& e);
  /// Of all N * w values together, numpy's linear interpolation; q in [0, 1].
  double quantile(const Expr& e, double q);
  /// The values themselves, [N, w]: float32 or float64, as the executor computes.
  const Array& values(const Expr& e);

 private:
  template <class T, class Compute>
  const T& once(std::string_view statistic, const Expr& e, double parameter, Compute compute);
  template <class Accumulator, class Add>
  std::vector<Accumulator> stream(const Expr& e, const Accumulator& zero, Add add);
  template <class T>
  std::function<void(const std::function<void(std::span<const T>)>&)> chunks(const Expr& e);
  Matrix covariance_about(const Expr& e, const Matrix& centres, bool by_class);
  double rounding_variance(const Expr& e);
  Batch batch() const;

  Split split_;
  Executor executor_;
  std::size_t rows_ = 0;
  bool labels_checked_ = false;
  std::vector<std::size_t> class_counts_;
  std::map<std::tuple<std::string, NodeId, double>, std::any> memo_;
  std::shared_ptr<Graph>
      graph_;  // of the expressions seen: node numbers of two graphs must not mix
};

}  // namespace nescio
