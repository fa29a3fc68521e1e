// Arrays as NumPy describes them in files (.npy) and pickles.
#pragma once

#include <optional>
#include <string_view>

#include "base/array.h"
#include "io/bytes.h"
#include "io/pickle.h"

namespace nescio::io {

/// What NumPy notes beside the bytes of an array.
struct NumpyLayout {
  std::string_view code;  // kind and bytes of an element: "f4", "i8", "u2"
  bool big_endian = false;
  bool fortran_order = false;
  Shape shape;
};

/// The code of a type, of two characters; empty for bfloat16, which NumPy has not.
std::string_view numpy_code(DType type);
/// The type of a code; none for those that are no plain numbers.
std::optional<DType> numpy_type(std::string_view code);

/// Whether its elements are numbers, be it such as we do not read; no text, dates and structures.
bool holds_numbers(const PickleValue::NumpyArray& array);

/// The array: without a copy where its elements lie in order and aligned. Error for
/// types that are no plain numbers, and a number of bytes that is not that of the shape.
Array array_from_numpy(const NumpyLayout& layout, const SharedBytes& bytes);

/// An array of a pickle. Its bytes are paid from `budget`: many names may stand for one array.
Array array_from_numpy(const PickleValue::NumpyArray& array, const Pickle& pickle, Budget& budget);

}  // namespace nescio::io
