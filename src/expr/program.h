// Expressions compiled for an executor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/matrix_view.h"
#include "expr/expr.h"

namespace nescio::expr {

/// The arrays of a batch by the name of their input; all have the same number of rows.
using Batch = std::map<std::string, MatrixView, std::less<>>;

/// Whether run() looks for NaN and infinity first, at the cost of one more pass over the inputs. Arrays of a
/// bank were checked when they were written.
enum class InputCheck { finite, none };

/// Where a result goes: rows x width values, contiguous.
struct Output {
  Output(float* data) : floats(data) {}    // NOLINT: a call lists pointers
  Output(double* data) : doubles(data) {}  // NOLINT
  float* floats = nullptr;
  double* doubles = nullptr;
};

/// Compiled expressions. Immutable: any number of threads may run it at once.
class Program {
 public:
  virtual ~Program() = default;

  /// Evaluates every expression on every row. Results are bit-equal for any thread count, and for
  /// any cut of the rows into calls whose first rows are multiples of block_rows(). Memory does not
  /// depend on the rows. Throws Error if an input is missing, has another width, or holds NaN or
  /// infinity (with row and column).
  virtual void run(const Batch& batch, std::span<const Output> outputs,
                   InputCheck check = InputCheck::finite) const = 0;
  void run(const Batch& batch, std::initializer_list<Output> outputs,
           InputCheck check = InputCheck::finite) const {
    run(batch, std::span(outputs.begin(), outputs.size()), check);
  }
  /// Rows that are computed together; a function of the expressions only.
  virtual std::size_t block_rows() const = 0;
};

/// What an executor's results have digits of.
enum class Precision { float32, float64 };

/// Something that runs expressions. A value: whoever has one made elsewhere (for a GPU) passes it in. Those of
/// this program by name are the catalogue of executors, `nescio_entry(executors NAME)`.
struct Executor {
  std::string name;
  std::string summary;  // a clause for people
  Precision precision;
  /// Of at least one expression, all of one graph.
  std::function<std::unique_ptr<Program>(const std::vector<Expr>& outputs)> compile;

  /// f(float()) or f(double()): with a number of the type that holds all digits of the results.
  template <class F>
  auto with_type(F f) const {
    return precision == Precision::float32 ? f(float()) : f(double());
  }

  static const Executor cpu;
  static const Executor reference;
};

/// Throws Error if a body of over_rows is not column-wise down to tables.
std::unique_ptr<Program> compile(const std::vector<Expr>& outputs, const Executor& executor);

std::unique_ptr<Program> compile_reference(const std::vector<Expr>& outputs);
std::unique_ptr<Program> compile_cpu(const std::vector<Expr>& outputs);

/// Row blocks that stay in cache, SIMD kernels and oneDNN, all threads.
inline const Executor Executor::cpu{"cpu", "fast", Precision::float32, compile_cpu};
/// One plain loop for each operation: the oracle.
inline const Executor Executor::reference{"reference", "plain loops in double, to check",
                                          Precision::float64, compile_reference};

/// Checks names and widths of the inputs that `nodes` of the graph read; returns the number of
/// rows.
std::size_t check_batch(const Graph& graph, const std::vector<NodeId>& inputs, const Batch& batch);

/// Throws the Error for the first NaN or infinity of rows first_row .. first_row + rows - 1.
[[noreturn]] void refuse_not_finite(const std::string& input, const MatrixView& view,
                                    std::size_t first_row, std::size_t rows);

}  // namespace nescio::expr
