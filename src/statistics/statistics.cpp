#include "statistics/statistics.h"

#include <algorithm>
#include <limits>

#include "base/class_names.h"
#include "base/error.h"
#include "base/one_thread.h"
#include "math/double_rows.h"

namespace nescio::statistics {

void Statistics::check_graph(const expr::Expr& e) {
  if (!graph_) graph_ = e.graph();
  if (graph_ != e.graph()) fail("[statistics] expressions of two graphs");
}

void Statistics::require_rows() const {
  if (rows_ > 0) return;
  fail(split_.name, ": nothing can be fitted ",
       kept_ ? "where no row is left" : "on a split without rows");
}

std::span<const std::int64_t> Statistics::labels() {
  if (rows_ == 0) return {};
  if (split_.labels.empty()) {
    fail(split_.name, ": has no labels, which this fit needs; import them with labels=FILE.npy");
  }
  const auto labels = split_.labels.as<std::int64_t>();
  if (labels_checked_) return labels;
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (labels[r] < 0 || labels[r] >= static_cast<std::int64_t>(split_.classes)) {
      fail(split_.name, ": row ", r, " has label ", labels[r],
           "; a split that is fitted on needs 0 .. ", split_.classes - 1);
    }
  }
  labels_checked_ = true;
  return labels;
}

const std::vector<std::size_t>& Statistics::class_counts() {
  if (class_counts_.empty()) {
    class_counts_.resize(split_.classes);
    for (const std::int64_t label : labels()) ++class_counts_[static_cast<std::size_t>(label)];
  }
  return class_counts_;
}

void Statistics::require_every_class() {
  std::vector<std::size_t> missing;
  const auto& counts = class_counts();
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) missing.push_back(c);
  }
  if (missing.empty()) return;
  fail(split_.name, ": no sample of class ", first_numbers(missing), "; every one of the ",
       split_.classes, " classes needs at least one");
}

namespace {
// Sums and sums of squares of the columns: one pass for both.
const Matrix& column_sums(Statistics& statistics, const expr::Expr& e) {
  return statistics.derived<Matrix>("column_sums", e, [&] {
    return statistics.reduce(e, Matrix(2, e.width()), [](const Rows& rows, Matrix& to) {
      math::add_columns(rows.values.data(), rows.count(), rows.width, to.row(0).data(),
                        to.row(1).data());
    });
  });
}
}  // namespace

const Matrix& Statistics::mean(const expr::Expr& e) {
  require_rows();
  return derived<Matrix>("mean", e, [&] {
    Matrix mean(1, e.width());
    const auto sum = column_sums(*this, e).row(0);
    for (std::size_t c = 0; c < mean.cols; ++c) {
      mean.values[c] = sum[c] / static_cast<double>(rows_);
    }
    return mean;
  });
}

const Matrix& Statistics::class_sum(const expr::Expr& e) {
  const auto y = labels();
  return derived<Matrix>("class_sum", e, [&] {
    return reduce(e, Matrix(split_.classes, e.width()), [&](const Rows& rows, Matrix& sums) {
      for (std::size_t r = 0; r < rows.count(); ++r) {
        const auto sum = sums.row(static_cast<std::size_t>(y[rows.first + r]));
        math::add(rows.row(r).data(), sum.data(), rows.width);
      }
    });
  });
}

const Matrix& Statistics::class_mean(const expr::Expr& e) {
  require_every_class();
  return derived<Matrix>("class_mean", e, [&] {
    Matrix means = class_sum(e);
    for (std::size_t k = 0; k < means.rows; ++k) {
      for (double& v : means.row(k)) v /= static_cast<double>(class_counts_[k]);
    }
    return means;
  });
}

Matrix Statistics::covariance_about(const expr::Expr& e, const Matrix& centres, bool by_class) {
  const auto y = by_class ? labels() : std::span<const std::int64_t>{};
  Matrix covariance =
      reduce(e, Matrix(e.width(), e.width()), [&](const Rows& rows, Matrix& scatter) {
        for (std::size_t r = 0; r < rows.count(); ++r) {
          const auto centre =
              centres.row(by_class ? static_cast<std::size_t>(y[rows.first + r]) : 0);
          math::subtract(centre.data(), rows.row(r).data(), rows.width);
        }
        math::add_scatter(rows.values.data(), rows.count(), scatter);
      });
  for (double& v : covariance.values) v /= static_cast<double>(rows_);
  math::mirror_upper(covariance);
  return covariance;
}

const Matrix& Statistics::covariance(const expr::Expr& e) {
  return derived<Matrix>("covariance", e, [&] { return covariance_about(e, mean(e), false); });
}

const Matrix& Statistics::within_covariance(const expr::Expr& e) {
  return derived<Matrix>("within_covariance", e,
                         [&] { return covariance_about(e, class_mean(e), true); });
}

// The arrays are float32, whatever computes with them.
double Statistics::rounding_variance(const expr::Expr& e) {
  require_rows();
  constexpr double epsilon = std::numeric_limits<float>::epsilon();
  return epsilon * epsilon * std::ranges::max(column_sums(*this, e).row(1)) /
         static_cast<double>(rows_);
}

namespace {
math::Whitening whiten(const Matrix& covariance, double noise) {
  return on_one_thread([&] { return math::whitening(covariance, noise); });
}
}  // namespace

const math::Whitening& Statistics::whitening(const expr::Expr& e) {
  return derived<math::Whitening>("whitening", e,
                                  [&] { return whiten(covariance(e), rounding_variance(e)); });
}

void Statistics::require_within_variance(const expr::Expr& e) {
  const Matrix& covariance = within_covariance(e);
  double trace = 0;
  for (std::size_t c = 0; c < covariance.cols; ++c) trace += covariance(c, c);
  if (trace > rounding_variance(e) * static_cast<double>(covariance.cols)) return;
  fail(split_.name, ": the rows of each class are the same but for rounding (", rows_, " rows, ",
       split_.classes, " classes), so there is no distance within a class to compare with; fit on ",
       "several different rows of each class");
}

const math::Whitening& Statistics::within_whitening(const expr::Expr& e) {
  return derived<math::Whitening>("within_whitening", e, [&] {
    require_within_variance(e);
    return whiten(within_covariance(e), rounding_variance(e));
  });
}

}  // namespace nescio::statistics
