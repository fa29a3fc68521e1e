// For tests: pickles and torch files written instruction by instruction.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/test_zip.h"

namespace nescio::io::test_pickle {

using Parts = std::vector<std::string>;

inline std::string concat(const Parts& parts) {
  std::string out;
  for (const auto& part : parts) out += part;
  return out;
}
inline std::string str(std::string_view s) {
  return "X" + little_endian(s.size(), 4) + std::string(s);
}
inline std::string num(std::int32_t n) {
  return "J" + little_endian(static_cast<std::uint32_t>(n), 4);
}
inline std::string global(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}
inline std::string tuple(const Parts& items) { return "(" + concat(items) + "t"; }
inline std::string nums(const std::vector<std::int32_t>& values) {
  Parts items;
  for (const auto value : values) items.push_back(num(value));
  return tuple(items);
}
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string out = "}(";
  for (const auto& [key, value] : items) out += str(key) + value;
  return out + "u";
}
inline std::string ordered_dict() { return global("collections", "OrderedDict") + ")R"; }
inline std::string storage(std::string_view type, std::string_view key, std::int32_t elements,
                           const std::string& location = "cuda:0") {
  return tuple({str("storage"), global("torch", type), str(key), str(location), num(elements)}) +
         "Q";
}
inline std::string tensor(const std::string& storage_part, std::int32_t offset,
                          const std::vector<std::int32_t>& shape,
                          const std::vector<std::int32_t>& strides) {
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple({storage_part, num(offset), nums(shape), nums(strides), "\x89", ordered_dict()}) +
         "R";
}
/// NumPy's types and arrays, as protocols 3 and 5 have them.
inline std::string numpy_type(std::string_view code, std::string_view order = "<") {
  return global("numpy", "dtype") + tuple({str(code), "\x89", "\x88"}) + "R" +
         tuple({num(3), str(order), "N", "N", "N", num(-1), num(-1), num(0)}) + "b";
}
template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}
inline std::string numpy_array_of(const std::string& type, const std::string& shape,
                                  const std::string& elements,
                                  const std::string& fortran = "\x89") {
  return global("numpy.core.multiarray", "_reconstruct") +
         tuple({global("numpy", "ndarray"), nums({0}), std::string("C\x01") + "b"}) + "R" +
         tuple({num(1), shape, type, fortran, elements}) + "b";
}
inline std::string numpy_array(const std::string& type, const std::string& shape,
                               const std::string& bytes) {
  return numpy_array_of(type, shape, "B" + little_endian(bytes.size(), 4) + bytes);
}
inline std::string numpy_buffer(const std::string& type, const std::string& shape,
                                const std::string& bytes) {
  return global("numpy._core.numeric", "_frombuffer") +
         tuple({"\x96" + little_endian(bytes.size(), 8) + bytes, type, shape, str("C")}) + "R";
}

inline std::string pickle(const std::string& body) { return "\x80\x02" + body + "."; }

/// As torch >= 1.6 writes it: storages are (key, bytes).
inline std::string zip_file(const std::string& body,
                            const std::vector<std::pair<std::string, std::string>>& storages) {
  std::vector<TestZipMember> members = {{.name = "archive/data.pkl", .content = pickle(body)},
                                        {.name = "archive/byteorder", .content = "little"}};
  for (const auto& [key, bytes] : storages) {
    members.push_back({.name = "archive/data/" + key, .content = bytes});
  }
  return test_zip(members);
}

/// As torch before 1.6 wrote it: storages are (key, number of elements, bytes).
struct LegacyStorage {
  std::string key;
  std::uint64_t elements;
  std::string bytes;
};
inline std::string legacy_head(bool little = true) {
  return pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") + pickle("M\xe9\x03") +
         pickle(dict(
             {{"protocol_version", "M\xe9\x03"}, {"little_endian", little ? "\x88" : "\x89"}}));
}
inline std::string legacy_file(const std::string& body,
                               const std::vector<LegacyStorage>& storages) {
  std::string keys = "](";
  std::string data;
  for (const auto& s : storages) {
    keys += str(s.key);
    data += little_endian(s.elements, 8) + s.bytes;
  }
  return legacy_head() + pickle(body) + pickle(keys + "e") + data;
}

}  // namespace nescio::io::test_pickle
