// Processes that meet through MPI. All of libnescio_mpi.so: the program loads it where a launcher has started several.
#define OMPI_SKIP_MPICXX
#define MPICH_SKIP_MPICXX
#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <string_view>
#include <vector>

#include "base/communicator.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/version.h"

namespace nescio {
namespace {

using Clock = std::chrono::steady_clock;

// Whoever is told to stop while it waits gives the others this long.
constexpr std::chrono::seconds patience{5};

MPI_Datatype type_of(float) { return MPI_FLOAT; }
MPI_Datatype type_of(double) { return MPI_DOUBLE; }

class MpiCommunicator final : public Communicator {
 public:
  MpiCommunicator() {
    int given = 0;
    // One thread at a time, but not always the same: a gradient on a GPU is computed by one of libtorch's.
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &given);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_));
    check(MPI_Comm_size(MPI_COMM_WORLD, &size_));
  }
  // Who fails leaves without a word to MPI, so that the launcher ends the others, which wait.
  ~MpiCommunicator() override {
    if (std::uncaught_exceptions() == 0) MPI_Finalize();
  }
  MpiCommunicator(const MpiCommunicator&) = delete;
  MpiCommunicator& operator=(const MpiCommunicator&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void sum(std::span<float> values) override { sum_up(values); }
  void sum(std::span<double> values) override { sum_up(values); }
  void wait_for_all() override {
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Ibarrier(MPI_COMM_WORLD, &request));
    wait(request);
  }

 private:
  // Each adds up one piece of all, in the order of ranks, and all get all pieces: 2 n (k - 1) / k values pass each
  // process, and the sums have the same bits everywhere, which MPI_Allreduce does not promise.
  template <class T>
  void sum_up(std::span<T> values) {
    const auto size = static_cast<std::size_t>(size_);
    for (std::size_t first = 0; first < values.size(); first += most) {
      const std::span<T> part = values.subspan(first, std::min(most, values.size() - first));
      const std::size_t piece = (part.size() + size - 1) / size;
      std::vector<T> sent(piece * size, T{0}), received(piece * size), sums(piece, T{0});
      std::copy(part.begin(), part.end(), sent.begin());
      const auto count = static_cast<int>(piece);
      MPI_Request request = MPI_REQUEST_NULL;
      check(MPI_Ialltoall(sent.data(), count, type_of(T{}), received.data(), count, type_of(T{}),
                          MPI_COMM_WORLD, &request));
      wait(request);
      for (std::size_t r = 0; r < size; ++r) {
        for (std::size_t i = 0; i < piece; ++i) sums[i] += received[r * piece + i];
      }
      check(MPI_Iallgather(sums.data(), count, type_of(T{}), sent.data(), count, type_of(T{}),
                           MPI_COMM_WORLD, &request));
      wait(request);
      std::copy_n(sent.begin(), part.size(), part.begin());
    }
  }

  void wait(MPI_Request& request) const {
    Clock::time_point told{};
    for (std::size_t tries = 0;; ++tries) {
      int done = 0;
      check(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
      if (done) return;
      if (tries < 2000) continue;
      if (interrupted()) {
        if (told == Clock::time_point{}) told = Clock::now();
        if (Clock::now() - told > patience) {
          fail("process ", rank_, " of ", size_,
               ": the others no longer answer; what was written is kept, to go on from");
        }
      }
      ::usleep(50);
    }
  }

  static void check(int code) {
    if (code == MPI_SUCCESS) return;
    char words[MPI_MAX_ERROR_STRING] = {};
    int length = 0;
    MPI_Error_string(code, words, &length);
    fail("MPI: ", std::string_view(words, static_cast<std::size_t>(length)));
  }

  static constexpr std::size_t most = std::size_t{1}
                                      << 22;  // values at once: bounds what is copied
  int rank_ = 0, size_ = 1;
};

}  // namespace
}  // namespace nescio

/// What the program asks for when it has loaded this file; null if it is of another version.
extern "C" nescio::Communicator* nescio_communicator(const char* program_version) {
  if (nescio::version() != program_version) return nullptr;
  return new nescio::MpiCommunicator;
}
