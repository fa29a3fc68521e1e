// Parallel loops over OpenMP, the one thread pool shared with GEMM, LAPACK and libtorch.
#pragma once

#include <cstddef>
#include <functional>

namespace nescio {

/// Threads that parallel loops use, whoever calls them: `threads=N` of the command line,
/// otherwise OMP_NUM_THREADS or all cores; 1 inside a loop, and always in a build without OpenMP.
int thread_count();
void set_thread_count(int threads);

/// Calls body(i) for i = 0 .. count - 1 on thread_count() threads, in any order.
/// Libraries that bring threads of their own (GEMM, LAPACK) run single-threaded inside.
/// The first exception is rethrown after all threads have stopped; no new items start after it.
void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body);

/// As parallel_for, with the number of the calling thread, 0 .. thread_count() - 1,
/// for its workspace.
void parallel_for_threads(std::size_t count,
                          const std::function<void(std::size_t item, int thread)>& body);

}  // namespace nescio
