#include "cli/launched.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/threads.h"
#include "base/version.h"
#include "cli/module_file.h"

namespace nescio::cli {
namespace {

/// What the first of these variables says that is set to a number; 0 where none is.
int number_in(std::initializer_list<const char*> variables) {
  for (const char* variable : variables) {
    const char* value = std::getenv(variable);
    if (value && *value) return std::atoi(value);
  }
  return 0;
}

}  // namespace

std::unique_ptr<Communicator> join_launched_processes(bool threads_are_set) {
  // Open MPI's mpirun, that of MPICH and Intel, srun.
  const int launched = number_in({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"});
  if (launched <= 1) {
    const int torchrun = number_in({"WORLD_SIZE"});
    if (torchrun > 1 && std::getenv("LOCAL_RANK")) {
      fail("torchrun has started ", torchrun,
           " processes, and those of nescio meet through MPI; start them with `mpirun -n ",
           torchrun, " nescio ...` or `srun`");
    }
    return nullptr;
  }
  const auto file = module_file("libnescio_mpi.so");
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    fail("a launcher has started ", launched, " processes, and ", file.string(),
         ", through which they meet, cannot be loaded: ", ::dlerror(),
         "; build with MPI (tools/setup --with-mpi)");
  }
  using Entry = Communicator* (*)(const char* program_version);
  const auto entry = reinterpret_cast<Entry>(::dlsym(library, "nescio_mpi_communicator"));
  std::unique_ptr<Communicator> processes(entry ? entry(std::string(version()).c_str()) : nullptr);
  if (!processes) {
    fail(file.string(), ": expected the part of nescio ", version(),
         ", found that of another version; keep the files together");
  }
  if (processes->size() != launched) {
    fail("the launcher has started ", launched, " processes, and MPI sees ", processes->size(),
         ": is it the mpirun of the MPI that nescio was built with? With srun: --mpi=pmix");
  }
  if (!threads_are_set && !std::getenv("OMP_NUM_THREADS")) {
    const int here = std::max(
        1, number_in({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_NTASKS_PER_NODE"}));
    const auto cores = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
    set_thread_count(std::min(thread_count(), std::max(1, cores / here)));
  }
  return processes;
}

}  // namespace nescio::cli
