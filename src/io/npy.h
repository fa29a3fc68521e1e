// NumPy's array file (.npy), versions 1 to 3 of the format.
//   https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/array.h"
#include "io/bytes.h"

namespace nescio::io {

/// The array in the file, mapped without a copy. Big-endian values and Fortran order are converted
/// (copied). Error if the file is no .npy, is truncated or longer than its header says, or holds a
/// type that DType has not (Python objects, structures, text, complex): the message says how to
/// convert it.
Array read_npy(const std::filesystem::path& path);

/// The same from memory; `where` begins the message of an Error.
Array parse_npy(const SharedBytes& bytes, std::string_view where);

/// Writes it atomically as version 1.0. Error for bfloat16, which the format does not know.
void write_npy(const std::filesystem::path& path, const Array& array);

/// What stands before the values: a multiple of 64 bytes, so that values may be written behind it
/// or mapped. Depends on dtype and shape only.
std::string npy_header(DType dtype, const Shape& shape);

}  // namespace nescio::io
