// The CPU executor for rows that come one at a time.
#pragma once

#include "expr/program.h"

namespace nescio::expr {

std::unique_ptr<Program> compile_single_rows(const std::vector<Expr>& outputs);

/// As Executor::cpu, whose blocks of rows cost a single row up to 500 times its own work: here each row is computed by
/// itself, on the thread that asks, so that its bits depend on it alone. They agree with those of
/// Executor::cpu within some 1e-6 of the range of the results. From the second run on (of a thread; the
/// n-th, where n ask at once) nothing is allocated. A bank that is searched is held as bytes, too, from the start on (a
/// quarter more memory), since reading it is what a row costs. For more than some dozen rows Executor::cpu is faster.
inline const Executor single_rows{"single_rows", "each row by itself, for few rows",
                                  Precision::float32, compile_single_rows};

}  // namespace nescio::expr
