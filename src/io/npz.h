// NumPy's archive of arrays (.npz), plain or compressed.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "io/bytes.h"

namespace nescio::io {

/// The names of the arrays, sorted, without ".npy".
std::vector<std::string> npz_members(const std::filesystem::path& path);

/// One array, as read_npy gives it. Stored members are mapped where they lie aligned.
/// Error names the members if there is none of this name.
Array read_npz(const std::filesystem::path& path, std::string_view member);

/// What is in the archive.
struct NpzArrays {
  std::map<std::string, Array> arrays;
  std::map<std::string, std::string>
      others;  // members that are no arrays of numbers, and what they are
};
NpzArrays parse_npz(const SharedBytes& bytes, std::string_view where);

/// The same from memory; `where` begins the message of an Error.
std::vector<std::string> npz_members(const SharedBytes& bytes, std::string_view where);
Array parse_npz(const SharedBytes& bytes, std::string_view where, std::string_view member);

}  // namespace nescio::io
