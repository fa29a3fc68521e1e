// Arrays as NumPy describes them in files (.npy) and pickles.
#pragma once

#include <string_view>

#include "base/array.h"
#include "io/bytes.h"
#include "io/pickle.h"

namespace nescio {

/// What NumPy notes beside the bytes of an array.
struct NumpyLayout {
  std::string_view code;  // kind and bytes of an element: "f4", "i8", "u2"
  bool big_endian = false;
  bool fortran_order = false;
  Shape shape;
};

/// The array: without a copy where its elements lie in order and aligned. Elements of unsigned
/// types above 8 bits come in the next wider signed type (u8: int64).
/// Error for types that are no plain numbers, a number of bytes that is not that of the shape, and
/// whole numbers beyond int64.
Array array_from_numpy(const NumpyLayout& layout, const SharedBytes& bytes);

/// An array of a pickle. Its bytes are paid from `budget`: many names may stand for one array.
Array array_from_numpy(const PickleValue::NumpyArray& array, const Pickle& pickle, Budget& budget);

}  // namespace nescio
