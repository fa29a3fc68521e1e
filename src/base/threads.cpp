#include "base/threads.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <utility>

#include "base/error.h"

#ifdef _OPENMP
#include <omp.h>
#include <pthread.h>
#endif

namespace nescio {

namespace {
#ifdef _OPENMP
// OpenMP counts for each native thread by itself, and others than the one that read `threads=` (a
// loader's) would take all cores.
std::atomic<int> chosen{0};         // 0: as OpenMP says
thread_local bool in_loop = false;  // within a parallel loop

// OpenMP's threads do not survive a fork, and a loop that waited for them would wait for ever.
std::atomic<bool> forked{false};
[[maybe_unused]] const int told_of_forks = pthread_atfork(nullptr, nullptr, [] {
  forked = true;
  chosen = 1;
  omp_set_num_threads(1);
});

/// While it lives, the calling thread works alone, as libraries see it: a team of one is no active region, so
/// libraries inside would start threads and change bits.
class OneThread {
 public:
  OneThread() { omp_set_num_threads(1); }
  ~OneThread() {
    omp_set_num_threads(outer_);
    in_loop = inside_another_;
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  const int outer_ = omp_get_max_threads();
  const bool inside_another_ = std::exchange(in_loop, true);
};
#else
struct OneThread {};
#endif
}  // namespace

int thread_count() {
#ifdef _OPENMP
  if (in_loop) return 1;
  return chosen > 0 ? chosen.load() : omp_get_max_threads();
#else
  return 1;
#endif
}

void set_thread_count(int threads) {
  if (threads < 1) fail("threads: expected at least 1, found ", threads);
#ifdef _OPENMP
  if (forked && threads > 1) {
    fail("threads: a forked process computes on one, found ", threads,
         "; start it with exec to have more, in Python by the method 'spawn'");
  }
  chosen = threads;
  omp_set_num_threads(threads);  // for libraries that this thread calls
#endif
}

void parallel_for_threads(std::size_t count, const std::function<void(std::size_t, int)>& body) {
  if (count == 1) {  // a team would cost more than most single items do
    [[maybe_unused]] const OneThread alone;
    return body(0, 0);
  }
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stop{false};
  std::exception_ptr error;
  std::mutex error_mutex;
  const auto work = [&](int thread) {
    try {
      for (std::size_t i = next++; i < count && !stop; i = next++) body(i, thread);
    } catch (...) {
      const std::lock_guard lock(error_mutex);
      if (!error) error = std::current_exception();
      stop = true;
    }
  };
#ifdef _OPENMP
#pragma omp parallel num_threads(thread_count())
  {
    const OneThread alone;
    work(omp_get_thread_num());
  }
#else
  work(0);
#endif
  if (error) std::rethrow_exception(error);
}

void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) {
  parallel_for_threads(count, [&](std::size_t item, int) { body(item); });
}

}  // namespace nescio
