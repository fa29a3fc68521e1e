#include "base/array.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"

namespace nescio {

std::size_t size_of(DType type) {
  switch (type) {
    case DType::boolean:
    case DType::uint8:
    case DType::int8: return 1;
    case DType::uint16:
    case DType::int16:
    case DType::float16:
    case DType::bfloat16: return 2;
    case DType::uint32:
    case DType::int32:
    case DType::float32: return 4;
    case DType::uint64:
    case DType::int64:
    case DType::float64: return 8;
  }
  return 0;
}

bool is_float(DType type) {
  return type == DType::float16 || type == DType::bfloat16 || type == DType::float32 ||
         type == DType::float64;
}

std::string_view name_of(DType type) {
  switch (type) {
    case DType::boolean: return "bool";
    case DType::uint8: return "uint8";
    case DType::uint16: return "uint16";
    case DType::uint32: return "uint32";
    case DType::uint64: return "uint64";
    case DType::int8: return "int8";
    case DType::int16: return "int16";
    case DType::int32: return "int32";
    case DType::int64: return "int64";
    case DType::float16: return "float16";
    case DType::bfloat16: return "bfloat16";
    case DType::float32: return "float32";
    case DType::float64: return "float64";
  }
  return "?";
}

std::string to_string(const Shape& shape) {
  std::vector<std::string> sides;
  for (const std::size_t side : shape) sides.push_back(std::to_string(side));
  return "[" + join(sides) + "]";
}

std::size_t count_of(const Shape& shape, std::size_t bytes_each) {
  constexpr auto limit = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  std::size_t count = 1;
  bool zero = false;
  for (const std::size_t side : shape) {
    if (side == 0) {
      zero = true;
      continue;
    }
    if (side > limit / bytes_each / count) fail("shape ", to_string(shape), " is too large");
    count *= side;
  }
  return zero ? 0 : count;
}

bool same_bits(const Array& a, const Array& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         (a.data() == b.data() || a.empty() || std::memcmp(a.data(), b.data(), a.bytes()) == 0);
}

void shape_mismatch(const Shape& shape, std::size_t values) {
  fail("shape ", to_string(shape), " does not hold ", values, " values");
}

Array::Array(DType type, Shape shape, std::shared_ptr<const void> owner, const void* data)
    : type_(type),
      shape_(std::move(shape)),
      size_(count_of(shape_, size_of(type))),
      owner_(std::move(owner)),
      data_(data) {}

std::size_t Array::cols() const {
  std::size_t cols = 1;
  for (std::size_t i = 1; i < shape_.size(); ++i) cols *= shape_[i];
  return cols;
}

void Array::require(DType type) const {
  if (type_ != type) fail("expected ", name_of(type), " values, found ", name_of(type_));
}

MatrixView Array::matrix() const {
  require(DType::float32);
  if (shape_.size() != 1 && shape_.size() != 2) {
    fail("expected an array of two dimensions, found shape ", to_string(shape_));
  }
  return {static_cast<const float*>(data_), rows(), cols()};
}

Array Array::slice(std::size_t first, std::size_t count) const {
  if (shape_.empty() || first + count > shape_[0]) {
    fail("rows ", first, "..", first + count, " of an array of shape ", to_string(shape_));
  }
  Shape shape = shape_;
  shape[0] = count;
  return {type_, std::move(shape), owner_,
          static_cast<const char*>(data_) + first * cols() * size_of(type_)};
}

Array Array::reshape(Shape shape) const {
  if (count_of(shape) != size_) shape_mismatch(shape, size_);
  return {type_, std::move(shape), owner_, data_};
}

float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1fu;
  const std::uint32_t mantissa = bits & 0x3ffu;
  if (exponent == 0) {  // zero and subnormal numbers: mantissa * 2^-24
    const float value = std::ldexp(static_cast<float>(mantissa), -24);
    return sign ? -value : value;
  }
  const std::uint32_t wide = exponent == 31 ? 0x7f800000u : (exponent + 112) << 23;
  return std::bit_cast<float>(sign | wide | (mantissa << 13));
}

float bfloat16_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

namespace {
template <class To, class Read>
std::vector<To> convert(std::size_t count, Read read) {
  std::vector<To> out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<To>(read(i));
  return out;
}

template <class To>
std::vector<To> convert(const Array& a) {
  const void* data = a.data();
  const std::size_t n = a.size();
  const auto from = [&]<class From>(From) {
    const auto* values = static_cast<const From*>(data);
    return convert<To>(n, [values](std::size_t i) { return values[i]; });
  };
  switch (a.dtype()) {
    case DType::boolean:
    case DType::uint8: return from(std::uint8_t{});
    case DType::uint16: return from(std::uint16_t{});
    case DType::uint32: return from(std::uint32_t{});
    case DType::uint64: return from(std::uint64_t{});
    case DType::int8: return from(std::int8_t{});
    case DType::int16: return from(std::int16_t{});
    case DType::int32: return from(std::int32_t{});
    case DType::int64: return from(std::int64_t{});
    case DType::float32: return from(float{});
    case DType::float64: return from(double{});
    case DType::float16:
    case DType::bfloat16: {
      const auto* bits = static_cast<const std::uint16_t*>(data);
      const auto widen = a.dtype() == DType::float16 ? half_to_float : bfloat16_to_float;
      return convert<To>(n, [&](std::size_t i) { return widen(bits[i]); });
    }
  }
  return {};
}
}  // namespace

Array Array::to_float32() const {
  return type_ == DType::float32 ? *this : Array(shape_, convert<float>(*this));
}

Array Array::to_float64() const {
  return type_ == DType::float64 ? *this : Array(shape_, convert<double>(*this));
}

Array Array::to_int64() const {
  if (type_ == DType::int64) return *this;
  if (type_ == DType::uint64) {
    const auto* values = static_cast<const std::uint64_t*>(data_);
    const auto* bad = std::find_if(values, values + size_, [](std::uint64_t v) { return v >> 63; });
    if (bad != values + size_)
      fail("the value ", *bad, " at position ", bad - values, " is too large");
  }
  if (is_float(type_)) {
    const auto values = convert<double>(*this);
    for (std::size_t i = 0; i < values.size(); ++i) {
      // 2^53: beyond it a double no longer names one whole number.
      if (values[i] != std::floor(values[i]) || std::abs(values[i]) > 9007199254740992.0) {
        fail("expected whole numbers, found ", format_number(values[i]), " at position ", i);
      }
    }
  }
  return {shape_, convert<std::int64_t>(*this)};
}

}  // namespace nescio
