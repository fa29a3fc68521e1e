// A typed n-dimensional array with shared, immutable storage: what files hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/matrix_view.h"

// clang warns of a view that outlives what it looks into.
#ifdef __clang__
#define NESCIO_LIFETIMEBOUND [[clang::lifetimebound]]
#else
#define NESCIO_LIFETIMEBOUND
#endif

namespace nescio {

/// Element types of files that we read. float16 and bfloat16 are stored as their 16 bits.
enum class DType {
  boolean,
  uint8,
  uint16,
  uint32,
  uint64,
  int8,
  int16,
  int32,
  int64,
  float16,
  bfloat16,
  float32,
  float64
};

std::size_t size_of(DType type);
/// Whether it is one of the four floating-point types.
bool is_float(DType type);
/// "float32", "int64", ...
std::string_view name_of(DType type);

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<std::uint8_t>() {
  return DType::uint8;
}
template <>
constexpr DType dtype_of<std::int32_t>() {
  return DType::int32;
}
template <>
constexpr DType dtype_of<std::int64_t>() {
  return DType::int64;
}
template <>
constexpr DType dtype_of<float>() {
  return DType::float32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::float64;
}

using Shape = std::vector<std::size_t>;

/// "[50000, 512]"
std::string to_string(const Shape& shape);

/// The product of the sides; throws Error if it (times `bytes_each`) does not fit into 63 bits.
std::size_t count_of(const Shape& shape, std::size_t bytes_each = 1);

/// Row-major array. Copies share the storage, which nobody changes after construction;
/// the storage may be a mapped file.
class Array {
 public:
  Array() = default;
  /// Takes `bytes` at `data`, kept alive by `owner`.
  Array(DType type, Shape shape, std::shared_ptr<const void> owner, const void* data);
  /// Owns a copy-free vector.
  template <class T>
  Array(Shape shape, std::vector<T> values);

  DType dtype() const { return type_; }
  const Shape& shape() const { return shape_; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * size_of(type_); }
  const void* data() const { return data_; }
  bool empty() const { return size_ == 0; }
  std::size_t rows() const { return shape_.empty() ? 1 : shape_[0]; }
  /// Elements of one row: the product of all sides but the first.
  std::size_t cols() const;

  /// The elements; throws Error if the type is another one.
  template <class T>
  std::span<const T> as() const NESCIO_LIFETIMEBOUND {
    require(dtype_of<T>());
    return {static_cast<const T*>(data_), size_};
  }
  /// A 2-d float32 array as a view (a 1-d one as a single column).
  MatrixView matrix() const NESCIO_LIFETIMEBOUND;
  /// The same values as float32 / float64 / int64 (shares storage where the type is that already).
  /// to_int64 throws Error on a value that is not a whole number or beyond int64.
  Array to_float32() const;
  Array to_float64() const;
  Array to_int64() const;
  /// The rows first .. first + count - 1 (shares storage).
  Array slice(std::size_t first, std::size_t count) const;
  /// The same values in the same order under another shape (shares storage); Error if it holds
  /// another number of them.
  Array reshape(Shape shape) const;

 private:
  void require(DType type) const;

  DType type_ = DType::float32;
  Shape shape_ = {0};
  std::size_t size_ = 0;
  std::shared_ptr<const void> owner_;
  const void* data_ = nullptr;
};

/// Whether both have the same type, shape and bytes.
bool same_bits(const Array& a, const Array& b);

[[noreturn]] void shape_mismatch(const Shape& shape, std::size_t values);

template <class T>
Array::Array(Shape shape, std::vector<T> values)
    : type_(dtype_of<T>()), shape_(std::move(shape)), size_(count_of(shape_)) {
  if (size_ != values.size()) shape_mismatch(shape_, values.size());
  auto owner = std::make_shared<const std::vector<T>>(std::move(values));
  data_ = owner->data();
  owner_ = std::move(owner);
}

/// IEEE half and bfloat16 bits to float.
float half_to_float(std::uint16_t bits);
float bfloat16_to_float(std::uint16_t bits);

}  // namespace nescio
