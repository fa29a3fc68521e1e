#include "cli/launched.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "base/threads.h"
#include "base/version.h"
#include "cli/module_file.h"

namespace nescio::cli {
namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

/// What the first of these variables says that is set; 0 where none is. A launcher writes numbers: Error for anything else.
int number_in(std::initializer_list<const char*> variables) {
  for (const char* variable : variables) {
    if (!is_set(variable)) continue;
    const char* value = std::getenv(variable);
    int number = -1;
    const auto [end, error] = std::from_chars(value, value + std::strlen(value), number);
    if (error != std::errc() || *end != '\0' || number < 0) {
      fail(variable, ": expected a number, found '", printable(value), "'");
    }
    return number;
  }
  return 0;
}

/// How the processes of this job meet.
struct Meeting {
  int launched = 1;  // how many there are
  const char* module = "";
  int dlopen_flags = RTLD_NOW;
  const char* missing = "";  // what to do where the module is not there
  const char* fewer = "";    // and where fewer meet
};

/// torchrun's variables come first: under srun there are both, and its tasks are torchruns.
Meeting meeting() {
  const bool is_one_of_several = is_set("RANK") && is_set("WORLD_SIZE");
  const bool know_where = is_set("MASTER_ADDR") && is_set("MASTER_PORT");
  if (is_one_of_several && know_where) {
    const int launched = number_in({"WORLD_SIZE"}), rank = number_in({"RANK"});
    if (launched < 1) fail("WORLD_SIZE: expected 1 or more, found ", launched);
    if (rank >= launched) {
      fail("RANK: expected a number from 0 to ", launched - 1, ", found '", rank, "'");
    }
    return {
        .launched = launched,
        .module = "libnescio_tcp.so",
        .missing = "build with libtorch (tools/setup), or start them by `mpirun -n N nescio ...`"};
  }
  // Open MPI's mpirun, that of MPICH and Intel, srun.
  const int by_mpi = number_in({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"});
  if (is_one_of_several && by_mpi <= 1 && number_in({"WORLD_SIZE"}) > 1) {
    fail("RANK and WORLD_SIZE say that this is one of ", std::getenv("WORLD_SIZE"),
         " processes, and MASTER_ADDR and MASTER_PORT do not say where they meet; set these, or "
         "unset the others");
  }
  return {
      .launched = by_mpi,
      .module = "libnescio_mpi.so",
      .dlopen_flags = RTLD_NOW | RTLD_GLOBAL,  // for MPI's own parts
      .missing = "build with MPI (tools/setup --with-mpi)",
      .fewer = ": is it the mpirun of the MPI that nescio was built with? With srun: --mpi=pmix"};
}

/// torchrun says 1 thread to all of its processes where nobody has said another number.
bool somebody_has_set_threads() {
  const char* threads = std::getenv("OMP_NUM_THREADS");
  return threads && !(std::string_view(threads) == "1" && is_set("TORCHELASTIC_RUN_ID"));
}

/// How many GPUs the driver has, as it tells without CUDA.
std::size_t gpus_of_this_machine() {
  std::error_code none;
  const std::filesystem::directory_iterator gpus("/proc/driver/nvidia/gpus", none);
  return static_cast<std::size_t>(std::distance(begin(gpus), end(gpus)));
}

/// Before anything asks CUDA, which reads the variable once.
void take_own_gpu() {
  const int number =
      number_in({"LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"});
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  const std::string own = own_gpu(visible ? visible : "", gpus_of_this_machine(),
                                  static_cast<std::size_t>(std::max(0, number)));
  if (!own.empty()) ::setenv("CUDA_VISIBLE_DEVICES", own.c_str(), 1);
}

}  // namespace

std::string own_gpu(const std::string& visible, std::size_t gpus, std::size_t number) {
  std::vector<std::string> all = split_top_level(visible);
  if (visible.empty()) {
    for (std::size_t i = 0; i < gpus; ++i) all.push_back(std::to_string(i));
  }
  return all.size() < 2 ? "" : all[number % all.size()];
}

std::unique_ptr<Communicator> join_launched_processes(bool threads_are_set) {
  const Meeting how = meeting();
  if (how.launched <= 1) return nullptr;
  take_own_gpu();
  const auto file = module_file(how.module);
  void* library = ::dlopen(file.c_str(), how.dlopen_flags);
  if (library == nullptr) {
    fail("a launcher has started ", how.launched, " processes, and ", file.string(),
         ", through which they meet, cannot be loaded: ", ::dlerror(), "; ", how.missing);
  }
  using Entry = Communicator* (*)(const char* program_version);
  const auto entry = reinterpret_cast<Entry>(::dlsym(library, "nescio_communicator"));
  std::unique_ptr<Communicator> processes(entry ? entry(std::string(version()).c_str()) : nullptr);
  if (!processes) {
    fail(file.string(), ": expected the part of nescio ", version(),
         ", found that of another version; keep the files together");
  }
  if (processes->size() != how.launched) {
    fail("the launcher has started ", how.launched, " processes, and ", processes->size(), " meet",
         how.fewer);
  }
  if (!threads_are_set && !somebody_has_set_threads()) {
    const int here = std::max(1, number_in({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS",
                                            "LOCAL_WORLD_SIZE", "SLURM_NTASKS_PER_NODE"}));
    const auto cores = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
    const auto own =
        static_cast<int>(std::thread::hardware_concurrency());  // that mpirun has left it
    set_thread_count(std::max(1, std::min(own, cores / here)));
  }
  return processes;
}

void do_together(bool threads_are_set, Console& console,
                 const std::function<void(Communicator&, Console&)>& work) {
  const auto several = join_launched_processes(threads_are_set);
  if (!several || several->is_first()) return work(several ? *several : alone(), console);
  std::ostream nowhere(nullptr);
  Console quiet{nowhere, nowhere, {}, console.command, console.json};
  work(*several, quiet);
}

}  // namespace nescio::cli
