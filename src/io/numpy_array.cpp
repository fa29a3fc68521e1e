#include "io/numpy_array.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"

namespace nescio::io {
namespace {

struct Code {
  std::string_view code;
  DType type;
};
constexpr Code codes[] = {
    {"b1", DType::boolean}, {"i1", DType::int8},    {"u1", DType::uint8},   {"i2", DType::int16},
    {"i4", DType::int32},   {"i8", DType::int64},   {"u2", DType::uint16},  {"u4", DType::uint32},
    {"u8", DType::uint64},  {"f2", DType::float16}, {"f4", DType::float32}, {"f8", DType::float64},
};

SharedBytes bytes_of(const Array& array) {
  const auto* data = static_cast<const std::uint8_t*>(array.data());
  return {std::make_shared<const Array>(array), {data, array.bytes()}};
}

}  // namespace

std::string_view numpy_code(DType type) {
  const auto* found = std::ranges::find(codes, type, &Code::type);
  return found == std::end(codes) ? std::string_view{} : found->code;
}

std::optional<DType> numpy_type(std::string_view code) {
  const auto* found = std::ranges::find(codes, code, &Code::code);
  if (found == std::end(codes)) return {};
  return found->type;
}

bool holds_numbers(const PickleValue::NumpyArray& array) {
  const auto* type = array.type ? array.type->get_if<PickleValue::NumpyType>() : nullptr;
  return !type || type->code.empty() ||
         std::string_view("USVMm").find(type->code[0]) == std::string_view::npos;
}

Array array_from_numpy(const NumpyLayout& layout, const SharedBytes& bytes) {
  const auto type = numpy_type(layout.code);
  if (!type)
    fail("expected numbers, found elements of NumPy's type '", printable(layout.code), "'");
  Array array = layout.big_endian ? array_from_big_endian(*type, layout.shape, bytes)
                                  : array_from_bytes(*type, layout.shape, bytes);
  if (layout.fortran_order && layout.shape.size() > 1) {
    std::vector<std::size_t> strides;  // the first side varies fastest
    std::size_t stride = 1;
    for (const std::size_t side : layout.shape) {
      strides.push_back(stride);
      stride *= std::max<std::size_t>(side, 1);
    }
    array = array_from_strided(*type, layout.shape, strides, bytes_of(array));
  }
  return array;
}

Array array_from_numpy(const PickleValue::NumpyArray& array, const Pickle& pickle, Budget& budget) {
  const auto* type = array.type ? array.type->get_if<PickleValue::NumpyType>() : nullptr;
  if (!type) fail("expected an array of NumPy, found one without its elements");
  budget.pay_memory(2 * array.bytes.size());
  return array_from_numpy({.code = type->code,
                           .big_endian = type->big_endian,
                           .fortran_order = array.fortran_order,
                           .shape = array.shape},
                          pickle.share(array.bytes));
}

}  // namespace nescio::io
