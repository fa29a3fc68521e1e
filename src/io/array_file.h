// One array named on the command line, whatever file it lies in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/array.h"

namespace nescio::io {

/// Where an array lies: a file and, where that may hold several, the array's name in it.
struct ArrayPlace {
  std::string file;
  std::optional<std::string> member;
};

/// "FILE" or "FILE#member". A '#' may be part of either name: the longest beginning that is a file
/// counts, and before the last '#' where none is.
ArrayPlace array_place(std::string_view file_and_member);

/// The array in FILE.npy, or the one called `member` in a file of several: "FILE.npz#member",
/// "FILE.safetensors#member", "FILE.pth#member". A file with a single array needs no member. What
/// the file is, its first bytes say. Error, listing the members, where there is none of this name or
/// none was named.
Array read_array(std::string_view file_and_member);

}  // namespace nescio::io
