// The processes that mpirun, srun or torchrun has started together.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/communicator.h"
#include "cli/verb.h"

namespace nescio::cli {

/// Those of this job; null where this process is alone. They meet through MPI, in libnescio_mpi.so, or where RANK,
/// WORLD_SIZE, MASTER_ADDR and MASTER_PORT are set, as by torchrun, through sockets, in libnescio_tcp.so: which is loaded
/// when there are several. Called once. Where nobody has said how many threads to use,
/// those of one machine share its cores. Error where a launcher says that there are several and they cannot meet.
///
/// The object's end is that of the job: whoever leaves by an exception is not waited for, so that the launcher ends the
/// others.
std::unique_ptr<Communicator> join_launched_processes(bool threads_are_set);

/// What CUDA_VISIBLE_DEVICES, which is `visible` now, becomes for process `number` of a machine with so many `gpus`: the
/// one that is its own, in turn; empty: nothing, since the launcher has chosen one, or there is none to choose.
std::string own_gpu(const std::string& visible, std::size_t gpus, std::size_t number);

/// Does the work, of which all of them do their part (join_launched_processes); the console is that of the first one, and
/// the others say nothing unless they fail.
void do_together(bool threads_are_set, Console& console,
                 const std::function<void(Communicator& processes, Console& console)>& work);

}  // namespace nescio::cli
