// IDX, the array file of MNIST and its successors, plain or gzipped.
//   http://yann.lecun.com/exdb/mnist
#pragma once

#include <string_view>

#include "base/array.h"
#include "io/bytes.h"

namespace nescio::image {

/// An array of bytes (uint8) of 1 to 4 sides. Memory follows what is really there, never what a
/// header claims: an archive that unpacks to more than its header says is refused.
/// Error, beginning with `where`, for other element types, sizes that disagree, damaged gzip.
Array parse_idx(const io::SharedBytes& bytes, std::string_view where);

}  // namespace nescio::image
