// A machine for the harmless part of Python's pickle: it builds values and calls nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/array.h"
#include "io/bytes.h"

namespace nescio {

/// A value of a pickle. Values refer to one another (also in circles) and live as long as their
/// Pickle; nothing here walks them recursively.
struct PickleValue {
  struct None {};
  /// A whole number beyond 64 bits: its bytes, least significant first.
  struct LongInteger {
    std::string_view bytes;
  };
  using Items = std::vector<PickleValue*>;
  struct Tuple {
    Items items;
  };
  struct List {
    Items items;
  };
  /// In the order of writing; a key may occur again, the later one counts.
  struct Dict {
    std::vector<std::pair<const PickleValue*, const PickleValue*>> items;
  };
  /// Something named in the allow-list: "torch._utils" + "_rebuild_tensor_v2".
  struct Global {
    std::string_view module;
    std::string_view name;
  };
  /// What a saver keeps outside of the pickle, by whatever it wrote to find it again.
  struct Persistent {
    const PickleValue* id = nullptr;
  };
  /// A part of a storage seen as a tensor; offset and strides count elements.
  struct Tensor {
    const PickleValue* storage = nullptr;  // holds a Persistent
    std::uint64_t offset = 0;
    Shape shape;
    std::vector<std::size_t> strides;
  };
  /// The type of NumPy's elements: "f4", "i8", ...
  struct NumpyType {
    std::string_view code;
    bool big_endian = false;
  };
  /// An array of NumPy; its elements lie in the pickle.
  struct NumpyArray {
    const PickleValue* type = nullptr;  // holds a NumpyType
    Shape shape;
    bool fortran_order = false;
    std::string_view bytes;
  };
  /// An allowed object whose content does not matter (a device, a data type).
  struct Opaque {};

  std::variant<None, bool, std::int64_t, double, LongInteger, std::string_view, Tuple, List, Dict,
               Global, Persistent, Tensor, NumpyType, NumpyArray, Opaque>
      value;

  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&value);
  }
};

/// One pickle, interpreted. Texts point into the bytes, which must outlive it.
class Pickle {
 public:
  /// Interprets the pickle at the beginning of `bytes`. Error, beginning with `where`, for damaged
  /// bytes, unknown instructions and every global outside the allow-list. Memory is bounded by a
  /// constant times the bytes, and by a limit on the number of values.
  Pickle(std::span<const std::uint8_t> bytes, std::string where);

  const PickleValue& root() const { return *root_; }
  /// Every value that was built, in the order of building.
  const std::deque<PickleValue>& values() const { return values_; }
  /// Bytes up to and including the instruction that ends it.
  std::size_t size() const { return size_; }

 private:
  friend class PickleMachine;
  std::deque<PickleValue> values_;
  const PickleValue* root_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace nescio
