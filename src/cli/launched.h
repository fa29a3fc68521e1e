// The processes that mpirun or srun has started together.
#pragma once

#include <memory>

#include "base/communicator.h"

namespace nescio::cli {

/// Those of this job; null where this process is alone. They meet through MPI, in
/// libnescio_mpi.so, which is loaded when there are several. Called once. Where nobody has said how many threads to use,
/// those of one machine share its cores. Error where a launcher says that there are several and they cannot meet.
///
/// The object's end is that of the job: whoever leaves by an exception is not waited for, so that the launcher ends the
/// others.
std::unique_ptr<Communicator> join_launched_processes(bool threads_are_set);

}  // namespace nescio::cli
