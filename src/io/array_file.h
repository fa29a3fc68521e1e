// Arrays named on the command line, whatever file they lie in.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "io/file_format.h"
#include "io/torch_file.h"

namespace nescio::io {

/// Where an array lies: a file and, where that may hold several, the array's name in it.
struct ArrayPlace {
  std::string file;
  std::optional<std::string> member;
};

/// "FILE" or "FILE#member". A '#' may be part of either name: the longest beginning that is there
/// counts, and before the last '#' where none is.
ArrayPlace array_place(std::string_view file_and_member);

/// The array in FILE.npy, or the one called `member` in a file of several: "FILE.npz#member",
/// "FILE.safetensors#member", "FILE.pth#member", "FILE.csv#column" (of a CSV also some columns side by side,
/// "FILE.csv#a,b" and "FILE.csv#f*": parse_text_columns()). A file with a single array needs no member. What
/// the file is, its first bytes say. Error, listing the members, where there is none of this name or
/// none was named.
Array read_array(std::string_view file_and_member);

/// All arrays of a file.
struct StoredArrays {
  FileFormat format = FileFormat::other;
  std::vector<TensorGroup> groups;  // of a .pth its dictionaries, otherwise one with the key ""
  std::map<std::string, std::string> metadata = {};  // of safetensors
  std::map<std::string, std::string> others =
      {};  // of .npz: members that are no arrays of numbers, and what they are
};

/// Of the files that read_array() reads; what the file is, its first bytes say. Mapped where it can be; compressed members
/// of a .npz are unpacked. Error for other and damaged files.
StoredArrays read_arrays(const std::filesystem::path& path);

}  // namespace nescio::io
