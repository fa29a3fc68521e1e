// The executor of libtorch: expressions on a GPU, or on the CPU to check it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "expr/program.h"

namespace nescio::expr {

/// How much a program holds on its device. Results have the same digits for any settings, and the same bits for the
/// same.
struct TorchSettings {
  /// Rows that are computed together. 0: 4,096 where tables are multiplied, up to 16,384 elsewhere; fewer where
  /// values are wide.
  std::size_t block_rows = 0;
  /// Values of all tiles of a loop over the rows of a bank: the columns of a tile follow from it.
  std::size_t tile_values = std::size_t{1} << 27;
  /// Bytes of a table from which on it stays on the host and goes to the device tile by tile, for each block of
  /// rows. None: as many as leave room on the device for what is computed.
  std::optional<std::size_t> resident_bytes = std::nullopt;
};

/// Computes in float32 (products without TF32; sums, norms and softmax in double) on auto, cpu, cuda or cuda:N.
/// Neighbours are chosen by a product with a known error and measured by differences in double, as Executor::cpu
/// does. Results are bit-equal on one device and build (on the CPU: and number of threads) for any cut of the rows at
/// multiples of block_rows(): blocks have one shape, which follows from the expressions and settings. Tables go to
/// the device when a program is compiled, rows through pinned memory while the block before is computed. Error as
/// nn::find_device().
Executor torch_executor(std::string_view device = "auto", const TorchSettings& settings = {});

}  // namespace nescio::expr
