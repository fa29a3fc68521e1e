// The words of a pickle that we understand: its instructions, and the names it may ask for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nescio::pickle_words {

/// What calling an allowed name gives.
enum class Kind {
  dict,
  set,
  tensor,
  tensor_v2,
  parameter,
  size,
  numpy_type,
  numpy_array,
  numpy_buffer,
  opaque,
  plain
};

struct Allowed {
  std::string_view module;
  std::string_view name;
  Kind kind;
};
inline constexpr Allowed allowed[] = {
    {"collections", "OrderedDict", Kind::dict},
    {"torch._utils", "_rebuild_tensor", Kind::tensor},
    {"torch._utils", "_rebuild_tensor_v2", Kind::tensor_v2},
    {"torch._utils", "_rebuild_parameter", Kind::parameter},
    {"torch._utils", "_rebuild_parameter_with_state", Kind::parameter},
    {"torch", "Size", Kind::size},
    {"torch", "device", Kind::opaque},
    {"torch.storage", "_load_from_bytes", Kind::opaque},  // a file within the file
    {"numpy", "dtype", Kind::numpy_type},
    {"numpy", "ndarray", Kind::plain},
    {"numpy.core.multiarray", "_reconstruct", Kind::numpy_array},
    {"numpy._core.multiarray", "_reconstruct", Kind::numpy_array},
    {"numpy.core.numeric", "_frombuffer", Kind::numpy_buffer},
    {"numpy._core.numeric", "_frombuffer", Kind::numpy_buffer},
    {"builtins", "set", Kind::set},
    {"__builtin__", "set", Kind::set},
};
// Names without a call: types of storages and of elements.
inline constexpr std::string_view storages[] = {
    "FloatStorage", "DoubleStorage", "HalfStorage", "BFloat16Storage", "LongStorage",
    "IntStorage",   "ShortStorage",  "CharStorage", "ByteStorage",     "BoolStorage"};
inline constexpr std::string_view element_types[] = {
    "float16", "bfloat16", "float32", "float64", "half",  "float", "double", "bool",
    "uint8",   "int8",     "int16",   "int32",   "int64", "short", "int",    "long"};

/// None for a name that is not allowed.
inline std::optional<Kind> kind_of(std::string_view module, std::string_view name) {
  for (const auto& a : allowed) {
    if (a.module == module && a.name == name) return a.kind;
  }
  if (module == "torch") {
    for (const auto& s : storages) {
      if (s == name) return Kind::plain;
    }
    for (const auto& t : element_types) {
      if (t == name) return Kind::plain;
    }
  }
  return {};
}

/// Instructions: those of Python's pickle.py, protocols 2 to 5, binary forms only.
enum Op : std::uint8_t {
  mark = '(',
  stop = '.',
  pop = '0',
  pop_mark = '1',
  dup = '2',
  none = 'N',
  persistent = 'Q',
  reduce = 'R',
  build = 'b',
  global = 'c',
  new_object = 0x81,
  stack_global = 0x93,
  bin_float = 'G',
  bin_int = 'J',
  bin_int1 = 'K',
  bin_int2 = 'M',
  long1 = 0x8a,
  long4 = 0x8b,
  new_true = 0x88,
  new_false = 0x89,
  bin_string = 'T',
  short_bin_string = 'U',
  bin_unicode = 'X',
  short_bin_unicode = 0x8c,
  bin_unicode8 = 0x8d,
  bin_bytes = 'B',
  short_bin_bytes = 'C',
  bin_bytes8 = 0x8e,
  byte_array8 = 0x96,
  empty_tuple = ')',
  tuple = 't',
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  empty_list = ']',
  append = 'a',
  appends = 'e',
  list = 'l',
  empty_set = 0x8f,
  add_items = 0x90,
  frozen_set = 0x91,
  empty_dict = '}',
  set_item = 's',
  set_items = 'u',
  dict = 'd',
  bin_get = 'h',
  long_bin_get = 'j',
  bin_put = 'q',
  long_bin_put = 'r',
  memoize = 0x94,
  protocol = 0x80,
  frame = 0x95,
};

}  // namespace nescio::pickle_words
