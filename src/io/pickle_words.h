// The words of a pickle: its instructions, and the names that mean something to us.
#pragma once

#include <cstdint>
#include <string_view>

namespace nescio::io::pickle_words {

/// What calling a name gives.
enum class Kind {
  dict,
  tensor,
  tensor_v2,
  parameter,
  subclass,
  size,
  bytes,
  numpy_type,
  numpy_array,
  numpy_buffer,
  numpy_scalar,
  object
};

struct Known {
  std::string_view module;
  std::string_view name;
  Kind kind;
};
inline constexpr Known known[] = {
    {"collections", "OrderedDict", Kind::dict},
    {"collections", "defaultdict", Kind::dict},
    {"collections", "Counter", Kind::dict},
    {"torch._utils", "_rebuild_tensor", Kind::tensor},
    {"torch._utils", "_rebuild_tensor_v2", Kind::tensor_v2},
    {"torch._utils", "_rebuild_tensor_v3", Kind::tensor_v2},
    {"torch._utils", "_rebuild_parameter", Kind::parameter},
    {"torch._utils", "_rebuild_parameter_with_state", Kind::parameter},
    {"torch._tensor", "_rebuild_from_type_v2", Kind::subclass},
    {"torch", "Size", Kind::size},
    {"_codecs", "encode", Kind::bytes},
    {"builtins", "bytes", Kind::bytes},
    {"__builtin__", "bytes", Kind::bytes},
    {"builtins", "bytearray", Kind::bytes},
    {"__builtin__", "bytearray", Kind::bytes},
    {"numpy", "dtype", Kind::numpy_type},
    {"numpy.core.multiarray", "_reconstruct", Kind::numpy_array},
    {"numpy._core.multiarray", "_reconstruct", Kind::numpy_array},
    {"numpy.core.numeric", "_frombuffer", Kind::numpy_buffer},
    {"numpy._core.numeric", "_frombuffer", Kind::numpy_buffer},
    {"numpy.core.multiarray", "scalar", Kind::numpy_scalar},
    {"numpy._core.multiarray", "scalar", Kind::numpy_scalar},
};

/// Every name that is not known gives an object that stays closed.
inline Kind kind_of(std::string_view module, std::string_view name) {
  for (const auto& k : known) {
    if (k.name == name && k.module == module) return k.kind;
  }
  return Kind::object;
}

/// Instructions: those of Python's pickle.py, protocols 0 to 5, without the registry of extensions
/// and buffers outside of the file.
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
  new_object_named = 0x92,
  instance = 'i',
  object = 'o',
  stack_global = 0x93,
  text_persistent = 'P',
  text_int = 'I',
  text_long = 'L',
  text_float = 'F',
  text_string = 'S',
  text_unicode = 'V',
  text_get = 'g',
  text_put = 'p',
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

}  // namespace nescio::io::pickle_words
