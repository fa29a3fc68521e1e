// Processes that divide the rows of tables which expressions go through.
#pragma once

#include "base/communicator.h"
#include "expr/program.h"

namespace nescio::expr {

/// An executor for tables that one machine cannot hold. All of the processes, which must outlive it, compile the same
/// expressions and run them on the same batches. Each prepares a share of the rows of every table that over_rows() goes
/// through, whole tiles of them, goes through these for all rows of the batch, and is told what the others found; the rest
/// of the expressions each computes for a share of the batch's rows, and all get all results.
///
/// What the smallest and largest give is what one process finds: the same bits where distances are searched, since
/// these do not depend on the other rows of the table. Sums and logsumexp over a share are rounded to float32 once more.
/// K numbers of each process and row are handed on, K the place of the last that is read. Error for an over_rows()
/// whose body needs the result of another.
Executor divided(const Executor& executor, Communicator& processes);

}  // namespace nescio::expr
