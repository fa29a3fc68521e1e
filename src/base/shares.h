// What several processes share: whole blocks of rows, and values of which each has some.
#pragma once

#include <cstddef>
#include <span>

#include "base/communicator.h"

namespace nescio {

/// share_of() of the process of this rank.
Share share_of(const Communicator& processes, std::size_t count, int rank);

/// Of so many rows, cut into blocks of `block`, the whole blocks of this process or of another; the last block may be
/// shorter.
Share share_of_rows(const Communicator& processes, std::size_t rows, std::size_t block);
Share share_of_rows(const Communicator& processes, std::size_t rows, std::size_t block, int rank);

/// Each process has the values of its share; all get all of them, with their bits. The shares, in the order of the
/// ranks, are all of it. Made of sums: 32 bits travel as a double.
void gather(Communicator& processes, std::span<float> values, Share own);
void gather(Communicator& processes, std::span<double> values, Share own);

}  // namespace nescio
