// How rows reach a statistic: chunk by chunk, all of them or some.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <type_traits>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/rng.h"
#include "base/shares.h"
#include "base/threads.h"
#include "expr/input_names.h"
#include "math/double_rows.h"
#include "math/quantile.h"
#include "math/row_kernels.h"
#include "statistics/quantile_guess.h"
#include "statistics/statistics.h"

namespace nescio::statistics {
namespace {

constexpr std::size_t cached_bytes = std::size_t{512} << 10;
constexpr std::size_t chunk_bytes = std::size_t{8} << 20;
constexpr const char* label_input = "labels";

std::size_t chunk_rows(std::size_t bytes, std::size_t width, std::size_t block_rows) {
  const std::size_t rows = std::max<std::size_t>(bytes / (width * sizeof(double)), 1);
  return (rows + block_rows - 1) / block_rows * block_rows;
}

// Rows are added up while they are in the cache; where the sums are large, such as a scatter matrix, they are enough
// for that to cost more than going over the sums.
std::size_t summed_bytes(std::size_t sums) {
  return std::clamp(4 * sums * sizeof(double), cached_bytes, chunk_bytes);
}

// Each lane has sums of its own, which are made and merged: large ones (a covariance at D 1024) cost as
// much as many rows, so there are fewer of them.
std::size_t lane_count(std::size_t chunks, std::size_t sums) {
  constexpr std::size_t large = std::size_t{1} << 20;
  return std::min<std::size_t>(chunks, sums < large ? 64 : 16);
}

Array as_column(const Array& labels) {
  const auto values = labels.as<std::int64_t>();
  std::vector<float> column;
  column.reserve(values.size());
  for (const std::int64_t label : values) column.push_back(static_cast<float>(label));
  return {{values.size()}, std::move(column)};
}

// From so many values on, quantiles are guessed first.
constexpr std::size_t guessed_values = std::size_t{1} << 21;

// One row of each of as many parts of equal length: a sixteenth of the values at most.
std::vector<std::size_t> some_rows(std::size_t rows, std::size_t width) {
  const std::size_t wanted = std::max<std::size_t>((std::size_t{1} << 17) / width, 512);
  const std::size_t parts = std::max<std::size_t>(std::min(wanted, rows / 16), 1);
  std::vector<std::size_t> out;
  for (std::size_t p = 0; p < parts; ++p) {
    const std::size_t first = p * rows / parts;
    out.push_back(first + Rng(0, p).below((p + 1) * rows / parts - first));
  }
  return out;
}

// The smallest and the largest of many values.
template <class T>
struct Range {
  T smallest = std::numeric_limits<T>::infinity();
  T largest = -smallest;

  // False where one is NaN.
  bool add(std::span<const T> values) {
    T low = smallest, high = largest;
    if constexpr (std::is_same_v<T, float>) {
      math::reduce(math::Reduction::min, values.data(), values.size(), 1, values.size(), &low, 1);
      math::reduce(math::Reduction::max, values.data(), values.size(), 1, values.size(), &high, 1);
    } else {
      for (const T value : values) {
        if (value != value) return false;
        low = std::min(low, value);
        high = std::max(high, value);
      }
    }
    smallest = std::min(smallest, low);
    largest = std::max(largest, high);
    return low == low && high == high;
  }
};

// Merges the sums of a process's lanes in their order, as they come in, once it is known what those of the processes
// before it have added up to.
class InOrder {
 public:
  explicit InOrder(std::size_t first_lane) : next_(first_lane), begun_(first_lane == 0) {}

  void take(std::size_t lane, Matrix sums) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(lane, std::move(sums));
    if (begun_) merge_waiting();
  }
  void begin(Matrix before) {
    total_ = std::move(before);
    begun_ = true;
    merge_waiting();
  }
  Matrix total() { return std::move(total_); }

 private:
  void merge_waiting() {
    for (auto next = waiting_.find(next_); next != waiting_.end(); next = waiting_.find(++next_)) {
      if (next_ == 0) {
        total_ = std::move(next->second);
      } else {
        merge(total_, next->second);
      }
      waiting_.erase(next);
    }
  }

  std::mutex mutex_;
  std::map<std::size_t, Matrix> waiting_;
  std::size_t next_;
  bool begun_;
  Matrix total_;
};

// Those that have lanes, one after the other, go on from what was merged before them; all get the end of it.
Matrix merge_all(InOrder& own, Communicator& processes, std::size_t lanes, const Matrix& zeros) {
  Matrix merged;
  for (int rank = 0; rank < processes.size(); ++rank) {
    const Share of_rank = share_of(processes, lanes, rank);
    if (of_rank.count == 0) continue;
    if (rank != processes.rank()) {
      merged = Matrix(zeros.rows, zeros.cols);
    } else {
      if (of_rank.first > 0) own.begin(std::move(merged));
      merged = own.total();
    }
    processes.sum(merged.values);
  }
  return merged;
}

}  // namespace

void merge(Matrix& sums, const Matrix& other) {
  math::add(other.values.data(), sums.values.data(), sums.values.size());
}

Statistics::Statistics(Split split, const expr::Executor& executor, Communicator& processes)
    : split_(std::move(split)), executor_(executor), processes_(&processes) {
  for (const auto& [name, array] : split_.arrays) rows_ = array.rows();
  for (const auto& [name, array] : split_.arrays) {
    if (array.rows() != rows_) {
      fail(split_.name, ": ", name, " has ", array.rows(), " rows, another array ", rows_);
    }
  }
  if (!split_.labels.empty() && split_.labels.size() != rows_) {
    fail(split_.name, ": ", split_.labels.size(), " labels for ", rows_, " rows");
  }
  require_rows();
}

// The arrays are shared; labels are those of the rows that are kept.
Statistics::Statistics(const Statistics& whole, std::vector<std::size_t> kept)
    : split_(whole.split_),
      executor_(whole.executor_),
      processes_(whole.processes_),
      rows_(kept.size()),
      graph_(whole.graph_) {
  if (!split_.labels.empty()) {
    const auto all = whole.split_.labels.as<std::int64_t>();
    std::vector<std::int64_t> labels;
    for (const std::size_t r : kept) labels.push_back(all[r]);
    split_.labels = Array({rows_}, std::move(labels));
  }
  if (whole.kept_) {
    for (std::size_t& r : kept) r = (*whole.kept_)[r];
  }
  kept_ = std::move(kept);
}

Statistics Statistics::subset(const std::vector<std::size_t>& rows) const {
  for (const std::size_t r : rows) {
    if (r >= rows_) fail(split_.name, ": there is no row ", r, " of ", rows_);
  }
  return {*this, rows};
}

Statistics& Statistics::only(const expr::Expr& condition) {
  check_graph(condition);
  if (condition.width() != 1) {
    fail("[statistics] a condition on rows has width 1, found ", condition.width());
  }
  auto& part = parts_[condition.id()];
  if (!part) {
    const auto& graph = condition.graph();
    const expr::Expr holds = where(condition, constant(graph, 1.0), constant(graph, 0.0));
    std::vector<float> flags(rows_);
    const Share own = stream<float>(holds, [&](std::size_t first, std::span<const float> values) {
      std::ranges::copy(values, flags.begin() + static_cast<std::ptrdiff_t>(first));
    });
    gather(*processes_, flags, own);
    std::vector<std::size_t> kept;
    for (std::size_t r = 0; r < flags.size(); ++r) {
      if (flags[r] != 0) kept.push_back(r);
    }
    part.reset(new Statistics(*this, std::move(kept)));
  }
  return *part;
}

expr::Expr Statistics::label(const std::shared_ptr<expr::Graph>& graph) {
  labels();
  return input(graph, label_input, 1);
}

expr::Batch Statistics::arrays_of(const expr::Expr& e) {
  expr::Batch out;
  for (const std::string& name : expr::input_names({e})) {
    if (name == label_input) {
      if (label_values_.empty()) label_values_ = as_column(split_.labels);
      out.emplace(name, label_values_.matrix());
      continue;
    }
    const auto found = split_.arrays.find(name);
    if (found != split_.arrays.end()) out.emplace(name, found->second.matrix());
  }
  return out;
}

// Labels are kept by this object and for its rows alone; arrays are those of the whole split.
Statistics::Window Statistics::window(const expr::Batch& all, std::size_t first,
                                      std::size_t rows) const {
  Window out;
  for (const auto& [name, view] : all) {
    if (!kept_ || name == label_input) {
      out.batch.emplace(name, view.slice(first, rows));
      continue;
    }
    std::vector<float>& copy = out.copies.emplace_back();
    copy.reserve(rows * view.cols);
    for (std::size_t r = first; r < first + rows; ++r) {
      const float* row = view.row((*kept_)[r]);
      copy.insert(copy.end(), row, row + view.cols);
    }
    out.batch.emplace(name, MatrixView{copy.data(), rows, view.cols});
  }
  return out;
}

// take(first row, values) for chunk after chunk of this process's rows, each computed by all threads. Returns which rows
// these are.
template <class T, class Take>
Share Statistics::stream(const expr::Expr& e, Take take) {
  const auto program = compile({e}, executor_);
  const expr::Batch all = arrays_of(e);
  const std::size_t block = program->block_rows();  // whose bits do not depend on who computes it
  const auto threads = static_cast<std::size_t>(thread_count());
  const std::size_t step = chunk_rows(threads * cached_bytes, e.width(), block);
  const Share own = share_of_rows(*processes_, rows_, block);
  const std::size_t end = own.first + own.count;
  std::vector<T> values;
  for (std::size_t first = own.first; first < end; first += step) {
    const std::size_t rows = std::min(step, end - first);
    values.resize(rows * e.width());
    const Window chunk = window(all, first, rows);
    program->run(chunk.batch, {values.data()});
    take(first, std::span<const T>(values));
  }
  return own;
}

Matrix Statistics::reduce(const expr::Expr& e, const Matrix& zeros, const AddRows& add) {
  if (rows_ == 0) return zeros;
  const auto program = compile({e}, executor_);
  const expr::Batch all = arrays_of(e);
  const expr::InputCheck check = check_of(all);
  const std::size_t width = e.width();
  // Narrow results of wide rows take as long as these, and are shared out among threads as these are.
  std::size_t widest = width;
  for (const auto& [name, view] : all) widest = std::max(widest, view.cols);
  const std::size_t step =
      chunk_rows(summed_bytes(zeros.values.size()), widest, program->block_rows());
  const std::size_t chunks = (rows_ + step - 1) / step;
  const std::size_t lanes = lane_count(chunks, zeros.values.size());
  const Share own = share_of(*processes_, lanes);
  InOrder sums_in_order(own.first);
  std::vector<std::vector<double>> buffers(static_cast<std::size_t>(thread_count()));
  parallel_for_threads(own.count, [&](std::size_t number, int thread) {
    const std::size_t lane = own.first + number;
    Matrix sums = zeros;
    std::vector<double>& values = buffers[static_cast<std::size_t>(thread)];
    for (std::size_t chunk = lane * chunks / lanes; chunk < (lane + 1) * chunks / lanes; ++chunk) {
      check_interrupt();
      const std::size_t first = chunk * step;
      const std::size_t rows = std::min(step, rows_ - first);
      values.resize(rows * width);
      program->run(window(all, first, rows).batch, {values.data()}, check);
      if (!math::all_finite(values.data(), values.size())) {
        const auto broken =
            std::ranges::find_if(values, [](double value) { return !std::isfinite(value); });
        const std::size_t row = first + static_cast<std::size_t>(broken - values.begin()) / width;
        fail(split_.name, ": a value to be fitted on is not finite in row ",
             kept_ ? (*kept_)[row] : row);
      }
      add({.first = first, .width = width, .values = values}, sums);
    }
    sums_in_order.take(lane, std::move(sums));
  });
  Matrix sums = merge_all(sums_in_order, *processes_, lanes, zeros);
  for (const auto& [name, view] : all) finite_.insert(name);
  return sums;
}

/// A further pass over what is finite does without the look at it, which takes as long as reading it.
expr::InputCheck Statistics::check_of(const expr::Batch& all) const {
  const auto seen = [&](const auto& array) { return finite_.contains(array.first); };
  return std::ranges::all_of(all, seen) ? expr::InputCheck::none : expr::InputCheck::finite;
}

std::vector<double> Statistics::of_each_row(const expr::Expr& e, const OfRow& compute) {
  std::vector<double> out(rows_);
  // Each row has its own: threads do not meet, and other processes have zeros there.
  reduce(e, Matrix(1, 1), [&](const Rows& rows, Matrix&) {
    for (std::size_t r = 0; r < rows.count(); ++r) {
      out[rows.first + r] = compute(rows.first + r, rows.row(r));
    }
  });
  processes_->sum(out);
  return out;
}

// All that were not asked for before from the same passes. The smallest and the largest value need no ranks:
// behind a ReLU half of the values are the smallest, and to rank those costs more than all others together.
std::vector<double> Statistics::quantiles(const expr::Expr& e, const std::vector<double>& q) {
  check_graph(e);
  require_rows();
  std::map<double, double>& known = quantiles_[e.id()];
  std::vector<double> ranked;
  bool ends = false;
  for (const double p : q) {
    if (known.contains(p)) continue;
    if (p == 0 || p == 1) {
      ends = true;
    } else {
      ranked.push_back(p);
    }
  }
  const auto passes = [&]<class T>(T) {
    Range<T> range;
    const auto chunks = [&](const std::function<void(std::span<const T>)>& take) {
      stream<T>(e, [&](std::size_t, std::span<const T> values) {
        if (ends && !range.add(values)) {
          fail(split_.name, ": a value to be fitted on is not a number");
        }
        take(values);
      });
      if (!ends) return;
      // Two of each process; -0 is 0.
      std::vector<double> of_all(2 * static_cast<std::size_t>(processes_->size()));
      const auto own = 2 * static_cast<std::size_t>(processes_->rank());
      of_all[own] = static_cast<double>(range.smallest) + 0.0;
      of_all[own + 1] = static_cast<double>(range.largest) + 0.0;
      processes_->sum(of_all);
      known[0] = std::numeric_limits<double>::infinity();
      known[1] = -known[0];
      for (std::size_t i = 0; i < of_all.size(); i += 2) {
        known[0] = std::min(known[0], of_all[i]);
        known[1] = std::max(known[1], of_all[i + 1]);
      }
      ends = false;
    };
    if (ranked.empty()) return chunks([](std::span<const T>) {});
    std::vector<double> found;
    if constexpr (std::is_same_v<T, float>) {
      if (rows_ * e.width() >= guessed_values && processes_->size() == 1) {
        const Array some = subset(some_rows(rows_, e.width())).values(e);
        found = math::quantiles(chunks, ranked, likely_quantiles(some.matrix(), ranked));
      }
    }
    if (found.empty()) found = math::quantiles(chunks, ranked, *processes_);
    for (std::size_t i = 0; i < ranked.size(); ++i) known.emplace(ranked[i], found[i]);
  };
  executor_.with_type(passes);
  std::vector<double> out;
  for (const double p : q) out.push_back(known.at(p));
  return out;
}

const Array& Statistics::values(const expr::Expr& e) {
  require_rows();
  return derived<Array>("values", e, [&] {
    return executor_.with_type([&]<class T>(T) {
      const expr::Node& node = e.graph()->node(e.id());
      const auto found = split_.arrays.find(node.name);
      if (node.op == expr::Op::input && !kept_ && found != split_.arrays.end() &&
          found->second.dtype() == dtype_of<T>()) {
        return found->second;
      }
      const std::size_t width = e.width();
      std::vector<T> values(rows_ * width);
      const Share own = stream<T>(e, [&](std::size_t first, std::span<const T> chunk) {
        std::ranges::copy(chunk, values.begin() + static_cast<std::ptrdiff_t>(first * width));
      });
      gather(*processes_, values, {own.first * width, own.count * width});
      return Array({rows_, e.width()}, std::move(values));
    });
  });
}

}  // namespace nescio::statistics
