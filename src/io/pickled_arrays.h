// Pickled dictionaries of arrays, as Python programs exchange data sets.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/array.h"
#include "io/bytes.h"

namespace nescio::io {

/// What lies under the keys of a pickled dictionary, whether these are text or bytes.
struct PickledArrays {
  std::map<std::string, Array> arrays;  // NumPy's, and lists of numbers as int64 or float64 [N]
  std::map<std::string, std::vector<std::string>> texts;  // lists of text or bytes
};

/// Reads a pickle of protocol 0 to 5, also one of Python 2 (CIFAR's data_batch_1, train, meta). Of
/// a list or tuple, the elements are called "0", "1"; an array by itself is called "", one in a
/// dictionary within another "outer.inner". What is no array of numbers and no list of one kind is left
/// out. Nothing in the pickle is executed.
/// Error for other and damaged files, numbers that are not read, and an array by itself of something else.
PickledArrays read_pickled_arrays(const std::filesystem::path& path);

/// The same from memory; `where` begins the message of an Error.
PickledArrays parse_pickled_arrays(const SharedBytes& bytes, std::string_view where);

}  // namespace nescio::io
