// Bytes of a file, shared with the arrays that are made of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/array.h"

namespace nescio::io {

/// A run of bytes and whoever keeps them alive: a mapped file, or memory. Copies are cheap.
class SharedBytes {
 public:
  SharedBytes() = default;
  SharedBytes(std::shared_ptr<const void> owner, std::span<const std::uint8_t> bytes)
      : owner_(std::move(owner)), bytes_(bytes) {}
  /// Owns `values`.
  explicit SharedBytes(std::vector<std::uint8_t> values);
  /// Owns a copy of `text`.
  static SharedBytes copy_of(std::string_view text);

  std::span<const std::uint8_t> span() const { return bytes_; }
  std::string_view text() const;
  const std::uint8_t* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }
  const std::shared_ptr<const void>& owner() const { return owner_; }
  /// The bytes first .. first + count - 1; the caller has checked that they are there.
  SharedBytes part(std::size_t first, std::size_t count) const;

 private:
  std::shared_ptr<const void> owner_;
  std::span<const std::uint8_t> bytes_;
};

/// The unsigned number in the first sizeof(T) bytes at `data`, least significant byte first.
template <class T>
T load_little_endian(const std::uint8_t* data) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(static_cast<T>(data[i]) << (8 * i)));
  }
  return value;
}

/// An array of exactly the bytes given: without a copy where they lie at a multiple of the element
/// size, otherwise copied. Error if the number of bytes is not that of `shape`.
Array array_from_bytes(DType dtype, Shape shape, const SharedBytes& bytes);

/// The same for values with the most significant byte first; copies.
Array array_from_big_endian(DType dtype, Shape shape, const SharedBytes& bytes);

/// The elements of `shape` where stepping along side i moves by strides[i] elements (0 repeats),
/// from the first element of `bytes`; copied into row-major order.
/// Error if an element lies outside `bytes`.
Array array_from_strided(DType dtype, Shape shape, const std::vector<std::size_t>& strides,
                         const SharedBytes& bytes);

}  // namespace nescio::io
