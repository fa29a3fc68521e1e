// What tensors hold that follow from weights alone: copied, turned, reshaped, rounded to whole numbers and back.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/array.h"
#include "onnx/external_data.h"
#include "onnx/model_state.h"

namespace nescio::onnx {
namespace {

using ::onnx::NodeProto;
using ::onnx::TensorProto;

constexpr std::size_t most_values = std::size_t{1} << 29;

/// The same numbers in the same order.
const std::set<std::string, std::less<>> copies = {"Identity", "Cast",    "Dropout",  "Reshape",
                                                   "Flatten",  "Squeeze", "Unsqueeze"};

/// Whether a Transpose of a matrix does anything.
bool turns(const NodeProto& transpose) {
  for (const auto& attribute : transpose.attribute()) {
    if (attribute.name() == "perm") return attribute.ints_size() == 2 && attribute.ints(0) == 1;
  }
  return true;
}

float bfloat16_to_float(std::uint16_t bits) {
  const std::uint32_t wide = std::uint32_t{bits} << 16;
  float value = 0;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

template <class Stored>
float as_float(Stored value) {
  return static_cast<float>(value);
}

/// The numbers lie in `raw`, or, if that is empty, in their field.
template <class Stored, class Field>
std::vector<float> read_numbers(std::string_view raw, const Field& field,
                                float (*to_float)(Stored) = as_float<Stored>) {
  std::vector<float> out;
  if (raw.empty()) {
    for (const auto value : field) out.push_back(to_float(static_cast<Stored>(value)));
    return out;
  }
  out.resize(raw.size() / sizeof(Stored));
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored value;
    std::memcpy(&value, raw.data() + i * sizeof value, sizeof value);
    out[i] = to_float(value);
  }
  return out;
}

}  // namespace

std::optional<std::vector<float>> Model::State::values(const TensorProto& tensor) const {
  std::size_t count = 1;
  for (const std::int64_t side : tensor.dims()) {
    if (side < 0 || side > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
    count *= static_cast<std::size_t>(side);
    if (count > most_values) return std::nullopt;
  }
  io::SharedBytes file;
  std::string_view raw = tensor.raw_data();
  if (tensor.data_location() == TensorProto::EXTERNAL) {
    file = external_bytes(tensor, beside(external_location(tensor)), where);
    raw = file.text();
  }
  std::vector<float> out;
  switch (tensor.data_type()) {
    case TensorProto::FLOAT: out = read_numbers<float>(raw, tensor.float_data()); break;
    case TensorProto::DOUBLE: out = read_numbers<double>(raw, tensor.double_data()); break;
    case TensorProto::FLOAT16:
      out = read_numbers<std::uint16_t>(raw, tensor.int32_data(), half_to_float);
      break;
    case TensorProto::BFLOAT16:
      out = read_numbers<std::uint16_t>(raw, tensor.int32_data(), bfloat16_to_float);
      break;
    case TensorProto::INT8: out = read_numbers<std::int8_t>(raw, tensor.int32_data()); break;
    case TensorProto::UINT8: out = read_numbers<std::uint8_t>(raw, tensor.int32_data()); break;
    case TensorProto::INT32: out = read_numbers<std::int32_t>(raw, tensor.int32_data()); break;
    default: return std::nullopt;
  }
  if (out.size() != count) return std::nullopt;
  return out;
}

const TensorProto* Model::State::constant(const std::string& tensor) const {
  const auto found = initializers.find(tensor);
  if (found != initializers.end()) return found->second;
  const NodeProto* node = maker(tensor);
  if (node && node->op_type() == "Constant") {
    for (const auto& attribute : node->attribute()) {
      if (attribute.name() == "value" && attribute.has_t()) return &attribute.t();
    }
  }
  const auto plain = plain_constants.find(tensor);
  return plain == plain_constants.end() ? nullptr : &plain->second;
}

bool Model::State::is_constant(const std::string& tensor) const {
  return !chain_of_constant(tensor).empty();
}

std::vector<Model::State::ConstantStep> Model::State::chain_of_constant(std::string tensor) const {
  std::vector<ConstantStep> steps;
  for (int i = 0; i < most_steps; ++i) {
    if (const TensorProto* found = constant(tensor)) {
      steps.push_back({.start = found});
      return {steps.rbegin(), steps.rend()};
    }
    const NodeProto* node = maker(tensor);
    if (!node) return {};
    const std::string& op = node->op_type();
    const bool known = copies.contains(op) || op == "Transpose" || op == "QuantizeLinear" ||
                       op == "DequantizeLinear";
    if (!known) return {};
    steps.push_back({.node = node});
    tensor = input(*node, 0);
  }
  return {};
}

std::optional<Model::State::Matrix> Model::State::constant_matrix(const std::string& tensor,
                                                                  bool with_values) const {
  const auto steps = chain_of_constant(tensor);
  if (steps.empty()) return std::nullopt;
  const TensorProto& start = *steps.front().start;
  Matrix out;
  std::vector<std::int64_t> sides(start.dims().begin(), start.dims().end());
  while (sides.size() > 2 && sides.back() == 1) sides.pop_back();  // a kernel of one place
  if (sides.size() > 2) return std::nullopt;
  for (const std::int64_t side : sides) {
    if (side < 0) return std::nullopt;
  }
  out.rows = sides.size() == 2 ? static_cast<std::size_t>(sides[0]) : 1;
  out.columns = sides.empty() ? 1 : static_cast<std::size_t>(sides.back());
  out.vector = sides.size() < 2;
  if (with_values) {
    auto read = values(start);
    if (!read) return std::nullopt;
    out.values = std::move(*read);
  }
  for (std::size_t i = 1; i < steps.size(); ++i) {
    const NodeProto& node = *steps[i].node;
    const std::string& op = node.op_type();
    if (op == "Transpose") {
      if (turns(node) && !out.vector) out = out.turned();
    } else if (op == "QuantizeLinear" || op == "DequantizeLinear") {
      if (with_values && !scale(node, out)) return std::nullopt;
    } else if (op == "Reshape" || op == "Flatten" || op == "Unsqueeze" || op == "Squeeze") {
      // Its sides are others then: known of a vector alone.
      if (out.rows != 1 && out.columns != 1) return std::nullopt;
      out = {.rows = 1, .columns = out.rows * out.columns, .vector = true, .values = out.values};
    }
  }
  return out;
}

bool Model::State::scale(const NodeProto& node, Matrix& matrix) const {
  const TensorProto* step_tensor = constant(input(node, 1));
  const TensorProto* zero_tensor = constant(input(node, 2));
  const bool has_zero = !input(node, 2).empty();
  const bool to_whole = node.op_type() == "QuantizeLinear";
  const int type = zero_tensor ? zero_tensor->data_type() : int{TensorProto::UINT8};
  const bool is_signed = type == TensorProto::INT8;
  if (!step_tensor || has_zero != (zero_tensor != nullptr) || integer(node, "block_size", 0) != 0 ||
      (to_whole && !is_signed && type != TensorProto::UINT8)) {
    return false;
  }
  const auto steps = values(*step_tensor);
  const auto zeros = zero_tensor ? values(*zero_tensor) : std::nullopt;
  if (!steps || (zero_tensor && (!zeros || zeros->size() != steps->size()))) return false;
  const std::size_t count = steps->size();
  const bool by_row = !matrix.vector && integer(node, "axis", 1) == 0;
  const std::size_t side = by_row ? matrix.rows : matrix.columns;
  if (count != 1 && count != side) return false;
  const float low = is_signed ? -128 : 0, high = is_signed ? 127 : 255;
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    for (std::size_t c = 0; c < matrix.columns; ++c) {
      const std::size_t at = count == 1 ? 0 : by_row ? r : c;
      const float step = (*steps)[at], zero = zeros ? (*zeros)[at] : 0;
      float& v = matrix.values[r * matrix.columns + c];
      v = to_whole ? std::clamp(std::nearbyint(v / step) + zero, low, high) : (v - zero) * step;
    }
  }
  return true;
}

Model::State::Matrix Model::State::Matrix::turned() const {
  Matrix out{.rows = columns, .columns = rows, .vector = vector, .values = {}};
  out.values.resize(values.size());
  if (values.empty()) return out;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) out.values[c * rows + r] = values[r * columns + c];
  }
  return out;
}

}  // namespace nescio::onnx
