#include "io/budget.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace nescio::io {
namespace {

// What small files may spend whatever their size: some milliseconds.
constexpr std::size_t floor_bytes = std::size_t{1} << 20;

std::size_t in_proportion(std::size_t bytes, std::size_t factor) {
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max() - floor_bytes;
  return bytes > most / factor ? most : floor_bytes + bytes * factor;
}

}  // namespace

// The values of a pickle take up to 30 times its bytes.
std::size_t Budget::allowance(std::size_t file_bytes) { return in_proportion(file_bytes, 32); }

void Budget::refuse(const char* what) const {
  fail(where_, ": reading it takes far more ", what,
       " than a file of its size can need (it refers to the same parts again and again); it is "
       "damaged or made to do harm");
}

}  // namespace nescio::io
