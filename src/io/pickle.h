// A machine for Python's pickle that builds values and calls nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/array.h"
#include "io/budget.h"
#include "io/bytes.h"

namespace nescio::io {

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
  /// A name of Python's: "torch._utils" + "_rebuild_tensor_v2". Nothing is looked up.
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
    std::string_view type = {};  // "uint16", ... where the storage is a run of bytes
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
  /// What calling a name that means nothing to us would give (a Namespace, a date, os.system's
  /// status): never built, never executed.
  struct Object {
    Global type;
  };

  /// Texts (UTF-8) and Python's bytes are both string_view.
  std::variant<None, bool, std::int64_t, double, LongInteger, std::string_view, Tuple, List, Dict,
               Global, Persistent, Tensor, NumpyType, NumpyArray, Object>
      value;

  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&value);
  }
};

/// One pickle of protocol 0 to 5, interpreted. Texts lie in the bytes or in the Pickle.
class Pickle {
 public:
  /// Interprets the pickle at the beginning of `bytes`. Error, beginning with `where`, for damaged
  /// bytes and unknown instructions. Memory and time are paid from `budget`.
  Pickle(SharedBytes bytes, const std::string& where, Budget& budget);

  const PickleValue& root() const { return *root_; }
  /// Every value that was built, in the order of building.
  const std::deque<PickleValue>& values() const { return values_; }
  /// Bytes up to and including the instruction that ends it.
  std::size_t size() const { return size_; }
  /// The bytes of a text of this pickle, kept alive.
  SharedBytes share(std::string_view part) const;

 private:
  friend class PickleMachine;
  SharedBytes bytes_;
  std::deque<PickleValue> values_;
  // Texts that the file holds in another form (escaped).
  std::shared_ptr<std::deque<std::string>> decoded_ = std::make_shared<std::deque<std::string>>();
  const PickleValue* root_ = nullptr;
  std::size_t size_ = 0;
};

/// The value under a key of a dictionary, where the later of two counts; nullptr if `value` is no
/// dictionary or has no such key.
const PickleValue* find_key(const PickleValue& value, std::string_view key);

/// True if the bytes begin as a pickle does; protocols 0 and 1 have no mark of their own, but
/// pickles of dictionaries, lists and arrays are known by their first words.
bool looks_like_pickle(std::span<const std::uint8_t> bytes);

}  // namespace nescio::io
