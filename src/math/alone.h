// LAPACK on one thread.
#pragma once

#include <optional>
#include <utility>

#include "base/threads.h"

namespace nescio::math {

/// What compute() gives while libraries with threads of their own have one: LAPACK's bits may depend on how many it has.
template <class Compute>
auto alone(Compute compute) {
  std::optional<decltype(compute())> out;
  parallel_for(1, [&](std::size_t) { out = compute(); });
  return *std::move(out);
}

}  // namespace nescio::math
