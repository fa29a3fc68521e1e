#include "io/bytes.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/error.h"

namespace nescio::io {

SharedBytes::SharedBytes(std::vector<std::uint8_t> values) {
  auto owner = std::make_shared<const std::vector<std::uint8_t>>(std::move(values));
  bytes_ = *owner;
  owner_ = std::move(owner);
}

SharedBytes SharedBytes::copy_of(std::string_view text) {
  return SharedBytes(std::vector<std::uint8_t>(text.begin(), text.end()));
}

std::string_view SharedBytes::text() const {
  return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
}

SharedBytes SharedBytes::part(std::size_t first, std::size_t count) const {
  return {owner_, bytes_.subspan(first, count)};
}

namespace {
void require_bytes(DType dtype, const Shape& shape, std::size_t found) {
  const std::size_t expected = count_of(shape, size_of(dtype)) * size_of(dtype);
  if (found != expected) {
    fail("expected ", expected, " bytes for ", name_of(dtype), " ", to_string(shape), ", found ",
         found);
  }
}

// Memory that is aligned for every element type.
std::shared_ptr<std::vector<std::uint64_t>> allocate(std::size_t bytes) {
  return std::make_shared<std::vector<std::uint64_t>>((bytes + 7) / 8);
}
}  // namespace

Array array_from_bytes(DType dtype, Shape shape, const SharedBytes& bytes) {
  require_bytes(dtype, shape, bytes.size());
  const bool aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % size_of(dtype) == 0;
  if (aligned || bytes.size() == 0) {
    return {dtype, std::move(shape), bytes.owner(), bytes.data()};
  }
  auto copy = allocate(bytes.size());
  std::memcpy(copy->data(), bytes.data(), bytes.size());
  const void* data = copy->data();
  return {dtype, std::move(shape), std::move(copy), data};
}

Array array_from_big_endian(DType dtype, Shape shape, const SharedBytes& bytes) {
  require_bytes(dtype, shape, bytes.size());
  auto copy = allocate(bytes.size());
  auto* out = reinterpret_cast<std::uint8_t*>(copy->data());
  const std::size_t width = size_of(dtype);
  for (std::size_t i = 0; i < bytes.size(); i += width) {
    std::reverse_copy(bytes.data() + i, bytes.data() + i + width, out + i);
  }
  const void* data = copy->data();
  return {dtype, std::move(shape), std::move(copy), data};
}

Array array_from_strided(DType dtype, Shape shape, const std::vector<std::size_t>& strides,
                         const SharedBytes& bytes) {
  const std::size_t width = size_of(dtype);
  const std::size_t count = count_of(shape, width);
  if (strides.size() != shape.size()) {
    fail("expected ", shape.size(), " strides for shape ", to_string(shape), ", found ",
         strides.size());
  }
  const std::size_t available = bytes.size() / width;
  std::size_t last = 0;  // position of the last element
  for (std::size_t i = 0; count > 0 && i < shape.size(); ++i) {
    const std::size_t steps = shape[i] - 1;
    if (steps == 0 || strides[i] == 0) continue;
    if (last >= available || steps > (available - 1 - last) / strides[i]) {
      last = std::numeric_limits<std::size_t>::max();
      break;
    }
    last += steps * strides[i];
  }
  if (count > 0 && last >= available) {
    fail("shape ", to_string(shape), " with these strides reaches beyond the ", available,
         " elements that are there");
  }

  auto copy = allocate(count * width);
  auto* out = reinterpret_cast<std::uint8_t*>(copy->data());
  std::vector<std::size_t> index(shape.size(), 0);
  std::size_t position = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(out + i * width, bytes.data() + position * width, width);
    for (std::size_t side = shape.size(); side-- > 0;) {
      position += strides[side];
      if (++index[side] < shape[side]) break;
      position -= strides[side] * shape[side];
      index[side] = 0;
    }
  }
  const void* data = copy->data();
  return {dtype, std::move(shape), std::move(copy), data};
}

}  // namespace nescio::io
