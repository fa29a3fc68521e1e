#include "bank/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/threads.h"
#include "math/quantile.h"

namespace nescio {
namespace {

// Rows are summed up by a fixed number of lanes, lane l taking the chunks l, l + lanes, ...: the
// order of the sums, and with it every bit, is the same whatever the number of threads.
constexpr std::size_t lanes = 4;
constexpr std::size_t chunk_bytes = std::size_t{8} << 20;

std::size_t chunk_rows(std::size_t width, std::size_t block_rows) {
  const std::size_t rows = std::max<std::size_t>(chunk_bytes / (width * sizeof(double)), 1);
  return (rows + block_rows - 1) / block_rows * block_rows;
}

Batch slice(const Batch& batch, std::size_t first, std::size_t rows) {
  Batch out;
  for (const auto& [name, view] : batch) out.emplace(name, view.slice(first, rows));
  return out;
}

}  // namespace

Statistics::Statistics(Split split, const Executor& executor)
    : split_(std::move(split)), executor_(executor) {
  for (const auto& [name, array] : split_.arrays) rows_ = array.rows();
  for (const auto& [name, array] : split_.arrays) {
    if (array.rows() != rows_) {
      fail(split_.name, ": ", name, " has ", array.rows(), " rows, another array ", rows_);
    }
  }
  if (rows_ == 0) fail(split_.name, ": nothing can be fitted on a split without rows");
}

std::span<const std::int64_t> Statistics::labels() {
  if (split_.labels.empty()) {
    fail(split_.name, ": has no labels, which this fit needs; import them with labels=FILE.npy");
  }
  const auto labels = split_.labels.as<std::int64_t>();
  if (labels_checked_) return labels;
  if (labels.size() != rows_) {
    fail(split_.name, ": ", labels.size(), " labels for ", rows_, " rows");
  }
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
  if (!class_counts_.empty()) return class_counts_;
  std::vector<std::size_t> counts(split_.classes);
  for (const std::int64_t label : labels()) ++counts[static_cast<std::size_t>(label)];
  std::vector<std::string> missing;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) missing.push_back(std::to_string(c));
  }
  if (!missing.empty()) {
    if (missing.size() > 10) {
      missing.resize(10);
      missing.emplace_back("...");
    }
    fail(split_.name, ": no sample of class ", join(missing), "; every one of the ", split_.classes,
         " classes needs at least one");
  }
  return class_counts_ = std::move(counts);
}

template <class T, class Compute>
const T& Statistics::once(std::string_view statistic, const Expr& e, double parameter,
                          Compute compute) {
  if (!graph_) graph_ = e.graph();
  if (graph_ != e.graph()) fail("[statistics] expressions of two graphs");
  std::tuple key(std::string(statistic), e.id(), parameter);
  auto found = memo_.find(key);
  if (found == memo_.end()) {
    // Computed before it is stored: it may ask for other statistics.
    std::any value = T(compute());
    found = memo_.emplace(std::move(key), std::move(value)).first;
  }
  return *std::any_cast<T>(&found->second);
}

Batch Statistics::batch() const {
  Batch out;
  for (const auto& [name, array] : split_.arrays) out.emplace(name, array.matrix());
  return out;
}

// add(accumulator of the lane, first row, rows of the chunk [n, w] in double) for every chunk.
template <class Accumulator, class Add>
std::vector<Accumulator> Statistics::stream(const Expr& e, const Accumulator& zero, Add add) {
  const auto program = compile({e}, executor_);
  const Batch all = batch();
  const std::size_t step = chunk_rows(e.width(), program->block_rows());
  const std::size_t chunks = (rows_ + step - 1) / step;
  std::vector<Accumulator> sums(std::min(lanes, chunks), zero);
  parallel_for(sums.size(), [&](std::size_t lane) {
    std::vector<double> values;
    for (std::size_t chunk = lane; chunk < chunks; chunk += lanes) {
      const std::size_t first = chunk * step;
      const std::size_t rows = std::min(step, rows_ - first);
      values.resize(rows * e.width());
      program->run(slice(all, first, rows), {values.data()});
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (!std::isfinite(values[i])) {
          fail(split_.name, ": a value to be fitted on is not finite in row ",
               first + i / e.width());
        }
      }
      add(sums[lane], first, values);
    }
  });
  return sums;
}

const Matrix& Statistics::mean(const Expr& e) {
  return once<Matrix>("mean", e, 0, [&] {
    const std::size_t w = e.width();
    auto sums = stream(e, Matrix(1, w), [w](Matrix& sum, std::size_t, const auto& values) {
      for (std::size_t i = 0; i < values.size(); i += w) {
        for (std::size_t c = 0; c < w; ++c) sum.values[c] += values[i + c];
      }
    });
    Matrix mean(1, w);
    for (const Matrix& sum : sums) {
      for (std::size_t c = 0; c < w; ++c) mean.values[c] += sum.values[c];
    }
    for (double& v : mean.values) v /= static_cast<double>(rows_);
    return mean;
  });
}

const Matrix& Statistics::class_mean(const Expr& e) {
  return once<Matrix>("class_mean", e, 0, [&] {
    const auto& counts = class_counts();
    const auto y = labels();
    const std::size_t w = e.width();
    auto sums = stream(e, Matrix(split_.classes, w),
                       [&](Matrix& sum, std::size_t first, const auto& values) {
                         for (std::size_t r = 0; r < values.size() / w; ++r) {
                           const auto row = sum.row(static_cast<std::size_t>(y[first + r]));
                           for (std::size_t c = 0; c < w; ++c) row[c] += values[r * w + c];
                         }
                       });
    Matrix means(split_.classes, w);
    for (std::size_t k = 0; k < split_.classes; ++k) {
      for (std::size_t c = 0; c < w; ++c) {
        for (const Matrix& sum : sums) means(k, c) += sum(k, c);
        means(k, c) /= static_cast<double>(counts[k]);
      }
    }
    return means;
  });
}

Matrix Statistics::covariance_about(const Expr& e, const Matrix& centres, bool by_class) {
  const std::size_t w = e.width();
  const auto y = by_class ? labels() : std::span<const std::int64_t>{};
  auto sums = stream(e, Matrix(w, w), [&](Matrix& sum, std::size_t first, auto& values) {
    for (std::size_t r = 0; r < values.size() / w; ++r) {
      const auto centre = centres.row(by_class ? static_cast<std::size_t>(y[first + r]) : 0);
      for (std::size_t c = 0; c < w; ++c) values[r * w + c] -= centre[c];
    }
    math::add_scatter(values.data(), values.size() / w, sum);
  });
  Matrix covariance = std::move(sums.front());
  for (std::size_t lane = 1; lane < sums.size(); ++lane) {
    for (std::size_t i = 0; i < covariance.values.size(); ++i) {
      covariance.values[i] += sums[lane].values[i];
    }
  }
  for (double& v : covariance.values) v /= static_cast<double>(rows_);
  math::mirror_upper(covariance);
  return covariance;
}

const Matrix& Statistics::covariance(const Expr& e) {
  return once<Matrix>("covariance", e, 0, [&] { return covariance_about(e, mean(e), false); });
}

const Matrix& Statistics::within_covariance(const Expr& e) {
  return once<Matrix>("within_covariance", e, 0,
                      [&] { return covariance_about(e, class_mean(e), true); });
}

// The arrays are float32, whatever computes with them.
double Statistics::rounding_variance(const Expr& e) {
  constexpr double epsilon = std::numeric_limits<float>::epsilon();
  return epsilon * epsilon * std::ranges::max(mean(e * e).values);
}

namespace {
// LAPACK's bits may depend on its threads.
math::Whitening whiten(const Matrix& covariance, double noise) {
  math::Whitening out;
  parallel_for(1, [&](std::size_t) { out = math::whitening(covariance, noise); });
  return out;
}
}  // namespace

const math::Whitening& Statistics::whitening(const Expr& e) {
  return once<math::Whitening>("whitening", e, 0,
                               [&] { return whiten(covariance(e), rounding_variance(e)); });
}

const math::Whitening& Statistics::within_whitening(const Expr& e) {
  return once<math::Whitening>("within_whitening", e, 0, [&] {
    const Matrix& covariance = within_covariance(e);
    const double noise = rounding_variance(e);
    double trace = 0;
    for (std::size_t c = 0; c < covariance.cols; ++c) trace += covariance(c, c);
    if (trace <= noise * static_cast<double>(covariance.cols)) {
      fail(split_.name, ": the rows of each class are the same but for rounding (", rows_,
           " rows, ", split_.classes,
           " classes), so there is no distance within a class to compare with; fit on ",
           "several different rows of each class");
    }
    return whiten(covariance, noise);
  });
}

double Statistics::quantile(const Expr& e, double q) {
  return once<double>("quantile", e, q, [&] {
    const double wanted[] = {q};
    return executor_.with_type(
        [&](auto zero) { return math::quantiles(chunks<decltype(zero)>(e), wanted)[0]; });
  });
}

// The values of an expression chunk by chunk, computed anew in every pass.
template <class T>
std::function<void(const std::function<void(std::span<const T>)>&)> Statistics::chunks(
    const Expr& e) {
  return
      [this, program = std::shared_ptr(compile({e}, executor_)), width = e.width()](const auto& f) {
        const Batch all = batch();
        const std::size_t step = chunk_rows(width, program->block_rows());
        std::vector<T> values;
        for (std::size_t first = 0; first < rows_; first += step) {
          const std::size_t rows = std::min(step, rows_ - first);
          values.resize(rows * width);
          program->run(slice(all, first, rows), {values.data()});
          f(values);
        }
      };
}

const Array& Statistics::values(const Expr& e) {
  return once<Array>("values", e, 0, [&] {
    const Node& node = e.graph()->node(e.id());
    return executor_.with_type([&](auto zero) {
      using T = decltype(zero);
      const bool as_they_are =
          node.op == Op::input && split_.arrays.at(node.name).dtype() == dtype_of<T>();
      if (as_they_are) return split_.arrays.at(node.name);
      std::vector<T> all(rows_ * e.width());
      compile({e}, executor_)->run(batch(), {all.data()});
      return Array({rows_, e.width()}, std::move(all));
    });
  });
}

}  // namespace nescio
