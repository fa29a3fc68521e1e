#include "expr/divided.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/shares.h"
#include "base/threads.h"
#include "expr/cpu_workspace.h"
#include "expr/needed.h"
#include "expr/plan.h"
#include "math/row_kernels.h"

namespace nescio::expr {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Some columns of a table.
Table columns_of(const Table& table, Share columns) {
  const auto cut = [&]<class T>(T) {
    const auto all = table.array().as<T>();
    std::vector<T> some;
    some.reserve(table.rows() * columns.count);
    for (std::size_t r = 0; r < table.rows(); ++r) {
      const auto row = all.subspan(r * table.cols() + columns.first, columns.count);
      some.insert(some.end(), row.begin(), row.end());
    }
    return Table(Array({table.rows(), columns.count}, std::move(some)));
  };
  return table.array().dtype() == DType::float32 ? cut(float()) : cut(double());
}

/// Expressions again in a graph of their own, with something else in the place of some nodes.
class Copy {
 public:
  explicit Copy(const Graph& from) : from_(from) {}

  Expr of(NodeId id) { return {to_, copy(id)}; }
  void put(NodeId id, const Expr& instead) { known_[id] = instead.id(); }
  const std::shared_ptr<Graph>& graph() const { return to_; }

  /// over_rows() of the columns in `share` alone.
  Expr over(NodeId id, Share share) {
    Node node = from_.node(id);
    const std::size_t columns = from_.node(node.arguments[0]).width;
    std::map<NodeId, NodeId> done;
    node.arguments = {cut(node.arguments[0], columns, share, done)};
    if (node.width == columns) node.width = share.count;
    return {to_, to_->add(std::move(node))};
  }

 private:
  NodeId copy(NodeId id) {
    const auto found = known_.find(id);
    if (found != known_.end()) return found->second;
    NodeId copied = 0;
    if (from_.node(id).op == Op::constant) {
      copied = to_->add(from_.table(id));
    } else {
      Node node = from_.node(id);
      for (NodeId& a : node.arguments) a = copy(a);
      // As wide as what it is made of, which may be the first columns only.
      if (info(node.op).prefix && node.op != Op::over_rows) {
        node.width = to_->node(node.arguments[0]).width;
      }
      copied = to_->add(std::move(node));
    }
    known_.emplace(id, copied);
    return copied;
  }

  /// A node of a body that has so many `columns`.
  NodeId cut(NodeId id, std::size_t columns, Share share, std::map<NodeId, NodeId>& done) {
    const auto found = done.find(id);
    if (found != done.end()) return found->second;
    Node node = from_.node(id);
    if (columns == 1 || node.width != columns) return copy(id);
    NodeId made = 0;
    const TableRole role = info(node.op).table_role;
    if (node.op == Op::constant) {
      made = to_->add(columns_of(from_.table(id), share));
    } else if (role == TableRole::multiplied || role == TableRole::nearest) {
      const Table& table = from_.table(node.arguments[1]);
      const bool by_columns = node.op == Op::matmul && node.integers[0] == 0;
      const NodeId x = copy(node.arguments[0]);
      const NodeId rows =
          to_->add(by_columns ? columns_of(table, share)
                              : Table(table.array().slice(share.first, share.count)));
      node.arguments = {x, rows};
      node.width = share.count;
      made = to_->add(std::move(node));
    } else {
      for (std::size_t a = 0; a < node.arguments.size(); ++a) {
        const bool whole = role == TableRole::looked_up && a == 1;
        NodeId& argument = node.arguments[a];
        argument = whole ? copy(argument) : cut(argument, columns, share, done);
      }
      node.width = share.count;
      made = to_->add(std::move(node));
    }
    done.emplace(id, made);
    return made;
  }

  const Graph& from_;
  std::shared_ptr<Graph> to_ = std::make_shared<Graph>();
  std::map<NodeId, NodeId> known_;
};

/// A reduction over rows that processes divide.
struct Divided {
  Over over;
  std::string name;                // of the input that brings its result to the rest
  std::size_t columns;             // of it that are read
  std::vector<std::size_t> found;  // of them that each process has, by rank

  float of_nobody() const {
    return over == Over::sum ? 0 : over == Over::smallest ? infinity : -infinity;
  }
};

/// What all have found of one row, [size, columns] with `stride` between processes, brought together.
class Merge {
 public:
  explicit Merge(const Divided& what) : what_(what) {}

  void row(const float* all, std::size_t stride, std::size_t size, float* out) {
    if (what_.over == Over::smallest || what_.over == Over::largest) {
      first_in_order(all, stride, size, out);
      return;
    }
    double top = what_.over == Over::sum ? 0 : -infinity, sum = 0;
    if (what_.over == Over::logsumexp) {
      for (std::size_t r = 0; r < size; ++r) {
        const double value = all[r * stride];
        if (!(top >= value)) top = value;  // also NaN, which stays
        if (std::isnan(top)) break;
      }
    }
    for (std::size_t r = 0; r < size; ++r) {
      const double value = all[r * stride];
      sum += what_.over == Over::sum ? value : std::exp(value - top);
    }
    *out = static_cast<float>(what_.over == Over::sum ? sum
                              : std::isfinite(top)    ? top + std::log(sum)
                                                      : top);
  }

 private:
  void first_in_order(const float* all, std::size_t stride, std::size_t size, float* out) {
    best_.assign(all, all + what_.columns);
    for (std::size_t r = 1; r < size; ++r) {
      const float* next = all + r * stride;
      both_.resize(2 * what_.columns);
      if (what_.over == Over::smallest) {
        std::merge(best_.begin(), best_.end(), next, next + what_.columns, both_.begin());
      } else {
        std::merge(best_.begin(), best_.end(), next, next + what_.columns, both_.begin(),
                   std::greater());
      }
      std::copy_n(both_.begin(), what_.columns, best_.begin());
    }
    std::ranges::copy(best_, out);
  }

  const Divided& what_;
  std::vector<float> best_, both_;
};

class DividedProgram final : public Program {
 public:
  DividedProgram(const std::vector<Expr>& outputs, const Executor& executor,
                 Communicator& processes)
      : graph_(outputs.front().graph()), processes_(processes) {
    std::vector<NodeId> ids;
    for (const Expr& e : outputs) {
      ids.push_back(e.id());
      widths_.push_back(e.width());
    }
    const Plan plan = make_plan(*graph_, ids);
    inputs_ = plan.inputs;
    const std::vector<bool> needed = needed_nodes(outputs);
    Copy own(*graph_), rest(*graph_);
    std::vector<Expr> searches, results;
    for (NodeId id = 0; id < graph_->size(); ++id) {
      if (!needed[id] || graph_->node(id).op != Op::over_rows) continue;
      const Divided& of = divided_.emplace_back(look_at(id, plan.columns[id]));
      rest.put(id, input(rest.graph(), of.name, of.columns));
      const Share share = share_of_columns(id, processes_.rank());
      if (share.count == 0) continue;
      const Expr over = own.over(id, share);
      searches.push_back(
          over.width() == 1
              ? over
              : slice_columns(over, 0, of.found[static_cast<std::size_t>(processes_.rank())]));
    }
    for (const NodeId id : ids) results.push_back(rest.of(id));
    if (!searches.empty()) own_ = compile(searches, executor);
    rest_ = compile(results, executor);
  }

  std::size_t block_rows() const override {
    return std::lcm(rest_->block_rows(), own_ ? own_->block_rows() : 1);
  }

  void run(const Batch& batch, std::span<const Output> outputs, InputCheck check) const override {
    const std::size_t rows = check_batch(*graph_, inputs_, batch);
    constexpr std::size_t most = std::size_t{1} << 24;  // numbers that are handed on at once
    std::size_t numbers = 1;
    for (const Divided& of : divided_) numbers = std::max(numbers, of.columns);
    numbers *= static_cast<std::size_t>(processes_.size());
    // The same for all processes, whatever their programs' blocks.
    const std::size_t step = std::max<std::size_t>(most / numbers / 4096, 1) * 4096;
    for (std::size_t first = 0; first < rows; first += step) {
      const std::size_t count = std::min(step, rows - first);
      Batch part;
      for (const NodeId id : inputs_) {
        const std::string& name = graph_->node(id).name;
        const MatrixView view = batch.find(name)->second.slice(first, count);
        if (check == InputCheck::finite) check_finite(name, view, first);
        part.emplace(name, view);
      }
      std::vector<Output> at;
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        const std::size_t before = first * widths_[i];
        at.emplace_back(outputs[i]);
        if (at[i].floats) at[i].floats += before;
        if (at[i].doubles) at[i].doubles += before;
      }
      run_part(part, count, at);
    }
  }

 private:
  Divided look_at(NodeId id, std::size_t columns) const {
    const Node& node = graph_->node(id);
    const std::vector<bool> below =
        needed_nodes({Expr(std::const_pointer_cast<Graph>(graph_), node.arguments[0])});
    for (NodeId other = 0; other < id; ++other) {
      if (below[other] && graph_->node(other).op == Op::over_rows) {
        fail("[over_rows] its rows depend on those of another one, so processes cannot divide ",
             "both; leave divide=fitted out");
      }
    }
    Divided out{.over = static_cast<Over>(node.integers[0]),
                .name = text("over_rows ", id),
                .columns = columns,
                .found = {}};
    for (int rank = 0; rank < processes_.size(); ++rank) {
      out.found.push_back(std::min(columns, share_of_columns(id, rank).count));
    }
    return out;
  }

  /// Whole tiles, whose products have the bits that they have where nobody divides.
  Share share_of_columns(NodeId over, int rank) const {
    const std::size_t columns = graph_->node(graph_->node(over).arguments[0]).width;
    return share_of_rows(processes_, columns, tile_columns, rank);
  }

  static void check_finite(const std::string& name, const MatrixView& view, std::size_t first) {
    for (std::size_t r = 0; r < view.rows; ++r) {
      if (!math::all_finite(view.row(r), view.cols))
        refuse_not_finite(name, view, first, view.rows);
    }
  }

  void run_part(Batch& batch, std::size_t rows, const std::vector<Output>& outputs) const {
    const auto size = static_cast<std::size_t>(processes_.size());
    const auto rank = static_cast<std::size_t>(processes_.rank());
    const Share own = share_of_rows(processes_, rows, rest_->block_rows());

    // [rows, found] of this process by reduction.
    std::vector<std::vector<float>> found;
    std::vector<Output> to;
    for (const Divided& of : divided_) {
      found.emplace_back(rows * of.found[rank]);
      if (of.found[rank] > 0) to.emplace_back(found.back().data());
    }
    if (own_) own_->run(batch, to, InputCheck::none);

    Batch of_share;
    for (const auto& [name, view] : batch) {
      of_share.emplace(name, view.slice(own.first, own.count));
    }
    std::vector<std::vector<float>> merged;
    for (std::size_t d = 0; d < divided_.size(); ++d) {
      const Divided& of = divided_[d];
      const std::size_t stride = rows * of.columns;
      std::vector<float> all(size * stride);
      float* mine = all.data() + rank * stride;
      std::fill_n(mine, stride, of.of_nobody());
      for (std::size_t r = 0; r < rows; ++r) {
        std::copy_n(found[d].data() + r * of.found[rank], of.found[rank], mine + r * of.columns);
      }
      gather(processes_, all, {rank * stride, stride});
      std::vector<float>& out = merged.emplace_back(own.count * of.columns);
      constexpr std::size_t some = 256;
      parallel_for((own.count + some - 1) / some, [&](std::size_t block) {
        Merge merge(of);
        for (std::size_t r = block * some; r < std::min((block + 1) * some, own.count); ++r) {
          merge.row(all.data() + (own.first + r) * of.columns, stride, size,
                    out.data() + r * of.columns);
        }
      });
      of_share.emplace(of.name, MatrixView{out.data(), own.count, of.columns});
    }

    std::vector<Output> at = outputs;
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (at[i].floats) at[i].floats += own.first * widths_[i];
      if (at[i].doubles) at[i].doubles += own.first * widths_[i];
    }
    rest_->run(of_share, at, InputCheck::none);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::size_t width = widths_[i];
      const Share share{own.first * width, own.count * width};
      if (outputs[i].floats) gather(processes_, std::span(outputs[i].floats, rows * width), share);
      if (outputs[i].doubles) {
        gather(processes_, std::span(outputs[i].doubles, rows * width), share);
      }
    }
  }

  std::shared_ptr<const Graph> graph_;
  Communicator& processes_;
  std::vector<std::size_t> widths_;
  std::vector<NodeId> inputs_;
  std::vector<Divided> divided_;
  std::unique_ptr<Program> own_;  // the reductions over its share; null where it has none
  std::unique_ptr<Program> rest_;
};

}  // namespace

Executor divided(const Executor& executor, Communicator& processes) {
  if (processes.size() == 1) return executor;
  Executor out = executor;
  out.compile = [executor, &processes](const std::vector<Expr>& outputs) {
    return std::make_unique<DividedProgram>(outputs, executor, processes);
  };
  return out;
}

}  // namespace nescio::expr
