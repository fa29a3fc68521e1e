// Work of a library with threads of its own, on one thread.
#pragma once

#include <optional>
#include <utility>

#include "base/threads.h"

namespace nescio {

/// What compute() gives while such libraries have one thread: LAPACK's bits may depend on how many it has.
template <class Compute>
auto on_one_thread(Compute compute) {
  std::optional<decltype(compute())> out;
  parallel_for(1, [&](std::size_t) { out = compute(); });
  return *std::move(out);
}

}  // namespace nescio
