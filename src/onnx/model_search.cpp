#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "onnx/external_data.h"
#include "onnx/model_state.h"

namespace nescio::onnx {
namespace {

using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;

constexpr std::size_t most_values = std::size_t{1} << 29;

/// What changes shape, type or rounding alone.
const std::set<std::string, std::less<>> only_form = {
    "Identity", "Cast",      "Dropout",   "Reshape",        "Flatten",
    "Squeeze",  "Unsqueeze", "Transpose", "QuantizeLinear", "DequantizeLinear"};

std::string input(const NodeProto& node, int i) {
  return i < node.input_size() ? node.input(i) : "";
}

/// Whether a Transpose of a matrix does anything.
bool turns(const NodeProto& transpose) {
  for (const auto& attribute : transpose.attribute()) {
    if (attribute.name() == "perm") return attribute.ints_size() == 2 && attribute.ints(0) == 1;
  }
  return true;
}

/// Whether each result of a convolution is of one place alone.
bool of_one_place(const NodeProto& convolution) {
  for (const auto& attribute : convolution.attribute()) {
    if (attribute.name() != "kernel_shape") continue;
    return std::ranges::all_of(attribute.ints(), [](std::int64_t side) { return side == 1; });
  }
  return false;
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
  if (tensor.data_type() == TensorProto::FLOAT && raw.empty()) {
    out.assign(tensor.float_data().begin(), tensor.float_data().end());
  } else if (tensor.data_type() == TensorProto::FLOAT) {
    out.resize(raw.size() / sizeof(float));
    std::memcpy(out.data(), raw.data(), out.size() * sizeof(float));
  } else if (tensor.data_type() == TensorProto::FLOAT16 && raw.empty()) {
    for (const std::int32_t bits : tensor.int32_data())
      out.push_back(half_to_float(static_cast<std::uint16_t>(bits)));
  } else if (tensor.data_type() == TensorProto::FLOAT16) {
    for (std::size_t i = 0; i + 1 < raw.size(); i += 2) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, raw.data() + i, sizeof bits);
      out.push_back(half_to_float(bits));
    }
  }
  if (out.size() != count) return std::nullopt;
  return out;
}

const NodeProto* Model::State::maker(const std::string& tensor) const {
  const auto found = makers.find(tensor);
  return found == makers.end() ? nullptr : &proto.graph().node(found->second);
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
  return nullptr;
}

const TensorProto* Model::State::constant_matrix(std::string tensor, bool& transposed) const {
  for (int steps = 0; steps < 64; ++steps) {
    if (const TensorProto* found = constant(tensor)) return found;
    const NodeProto* node = maker(tensor);
    if (!node || (node->op_type() != "Identity" && node->op_type() != "Transpose")) return nullptr;
    if (node->op_type() == "Transpose" && turns(*node)) transposed = !transposed;
    tensor = input(*node, 0);
  }
  return nullptr;
}

bool Model::State::is_constant(const std::string& tensor) const {
  std::string at = tensor;
  for (int steps = 0; steps < 64; ++steps) {
    if (constant(at)) return true;
    const NodeProto* node = maker(at);
    if (!node || !only_form.contains(node->op_type())) return false;
    at = input(*node, 0);
  }
  return false;
}

const NodeProto* Model::State::behind_form(std::string tensor,
                                           std::initializer_list<std::string_view> kinds,
                                           const std::vector<std::string_view>& also) const {
  for (int steps = 0; steps < 64; ++steps) {
    const NodeProto* node = maker(tensor);
    if (!node) return nullptr;
    if (std::ranges::find(kinds, node->op_type()) != kinds.end()) return node;
    const bool passed = only_form.contains(node->op_type()) ||
                        std::ranges::find(also, node->op_type()) != also.end();
    if (!passed) return nullptr;
    // Of a maximum with a constant the other side counts.
    const bool other = node->op_type() == "Max" && !maker(input(*node, 0));
    tensor = input(*node, other ? 1 : 0);
  }
  return nullptr;
}

std::string Model::State::written_softmax(const NodeProto& division) const {
  const NodeProto* above = behind_form(input(division, 0), {"Exp"});
  const NodeProto* below = behind_form(input(division, 1), {"ReduceSum"}, {"Expand"});
  if (!above || !below || behind_form(input(*below, 0), {"Exp"}) != above) return {};
  const NodeProto* shifted = behind_form(input(*above, 0), {"Sub"});
  const NodeProto* peak =
      shifted ? behind_form(input(*shifted, 1), {"ReduceMax"}, {"Expand", "Max"}) : nullptr;
  const bool is_own = peak && input(*peak, 0) == input(*shifted, 0);
  return is_own ? input(*shifted, 0) : input(*above, 0);
}

std::optional<LastLayer> Model::State::last_layer(const std::string& logits) const {
  const NodeProto* node = behind_form(logits, {"Gemm", "MatMul", "Add"});
  if (!node) return std::nullopt;
  LastLayer out;
  if (node->op_type() == "Add") {  // either way round
    for (const int side : {0, 1}) {
      out.product = behind_form(input(*node, side), {"MatMul", "Gemm"});
      out.bias = input(*node, 1 - side);
      if (out.product) break;
    }
    // Of two layers that are added up, neither is the last one.
    if (!out.product || !is_constant(out.bias)) return std::nullopt;
  } else {
    out.product = node;
  }
  out.weight = constant_matrix(input(*out.product, 1), out.transposed);
  if (out.product->op_type() == "MatMul") {
    return is_constant(input(*out.product, 1)) ? std::optional(out) : std::nullopt;
  }
  const std::string own = input(*out.product, 2);
  if (!own.empty() && !out.bias.empty()) out.weight = nullptr;
  if (out.bias.empty()) out.bias = own;
  for (const auto& attribute : out.product->attribute()) {
    const std::string& name = attribute.name();
    if (name == "transA" && attribute.i() != 0) return std::nullopt;
    if (name == "transB" && attribute.i() != 0) out.transposed = !out.transposed;
    if ((name == "alpha" || name == "beta") && attribute.f() != 1) out.weight = nullptr;
  }
  return out;
}

std::optional<LastLayer> Model::State::last_convolution(
    const std::string& logits, std::initializer_list<std::string_view> also) const {
  std::vector<std::string_view> passed = {"GlobalAveragePool", "AveragePool", "ReduceMean"};
  passed.insert(passed.end(), also.begin(), also.end());
  const NodeProto* node = behind_form(logits, {"Conv"}, passed);
  if (!node || !of_one_place(*node)) return std::nullopt;
  return LastLayer{.product = node,
                   .weight = constant(input(*node, 1)),
                   .transposed = true,
                   .bias = input(*node, 2)};
}

std::optional<LastLayer::Size> LastLayer::size() const {
  if (!weight || weight->dims_size() < 2) return std::nullopt;
  for (int i = 2; i < weight->dims_size(); ++i) {
    if (weight->dims(i) != 1) return std::nullopt;
  }
  const auto rows = static_cast<std::size_t>(weight->dims(0)),
             columns = static_cast<std::size_t>(weight->dims(1));
  return transposed ? Size{rows, columns} : Size{columns, rows};
}

bool Model::State::has_places(const std::string& tensor) const {
  const auto says = [&](const ::onnx::ValueInfoProto& value) {
    if (value.name() != tensor) return false;
    const auto& shape = value.type().tensor_type().shape();
    if (shape.dim_size() != 4) return false;
    return shape.dim(2).dim_value() != 1 || shape.dim(3).dim_value() != 1;
  };
  const GraphProto& graph = proto.graph();
  return std::ranges::any_of(graph.value_info(), says) || std::ranges::any_of(graph.output(), says);
}

Tensors Model::find(const Where& asked) const {
  Where where = asked;
  // A model that `export` wrote says what it found.
  const auto recorded = metadata();
  const auto logits = recorded.find("nescio.logits"), features = recorded.find("nescio.features");
  if (where.logits.empty() && logits != recorded.end() && has(logits->second)) {
    where.logits = logits->second;
    const bool known = features != recorded.end() && has(features->second);
    if (where.features.empty() && known) where.features = features->second;
  }
  for (const std::string* name : {&where.logits, &where.features}) {
    if (!name->empty() && !has(*name)) {
      fail(state_->where, ": has no tensor '", printable(*name), "'. Outputs: ", join(outputs()));
    }
  }
  const auto all = outputs();
  const bool output = where.logits.empty() || std::ranges::find(all, where.logits) != all.end();
  Tensors out = behind(output ? logits_of(where.logits) : where.logits);
  if (!where.features.empty() && where.features != out.features) {
    out.features = where.features;
    out.maps = state_->has_places(where.features);
    out.width.reset();
  }
  return out;
}

std::string Model::logits_of(const std::string& output) const {
  std::string at = output;
  const std::vector<std::string> all = outputs();
  if (at.empty()) {
    if (all.size() != 1) {
      fail(state_->where, ": has ", all.size(),
           " outputs; name the logits with logits=. Outputs: ", join(all));
    }
    at = all.front();
  }
  // A softmax is taken back, wherever rounding and reshaping have put it.
  const NodeProto* last =
      state_->behind_form(at, {"Softmax", "LogSoftmax", "Div", "Sigmoid", "ArgMax"});
  if (last && (last->op_type() == "Sigmoid" || last->op_type() == "ArgMax")) {
    fail(state_->where, ": '", printable(at), "' comes from ", last->op_type(),
         ", not from logits or their softmax; name the logits with logits=");
  }
  if (last && last->op_type() == "Div") {
    const std::string logits = state_->written_softmax(*last);
    if (!logits.empty()) at = logits;
  } else if (last) {
    at = input(*last, 0);
  }
  if (!state_->maker(at)) {
    fail(state_->where, ": no node makes the logits behind '",
         printable(output.empty() ? all[0] : output), "'; name them with logits=");
  }
  return at;
}

Tensors Model::behind(const std::string& logits) const {
  Tensors out{.logits = logits, .features = {}};
  auto layer = state_->last_layer(logits);
  if (!layer) {
    // Where the pooling stands behind a convolution, its input has places.
    layer = state_->last_convolution(logits, {"Relu"});
    if (!layer) return out;
    out.maps =
        !state_->behind_form(input(*layer->product, 0), {"GlobalAveragePool", "AveragePool"});
  }
  out.features = input(*layer->product, 0);
  if (const auto size = layer->size()) {
    out.classes = size->classes;
    out.width = size->width;
  }
  return out;
}

std::string Model::before(const std::string& logits) const {
  constexpr std::size_t most = 6;
  std::vector<std::string> open = {logits}, found;
  std::set<std::string> seen;
  for (std::size_t at = 0; at < open.size() && found.size() < most; ++at) {
    const NodeProto* node = state_->maker(open[at]);
    if (!node || !seen.insert(open[at]).second || state_->is_constant(open[at])) continue;
    if (at > 0)
      found.push_back(text("'", printable(open[at]), "' (", printable(node->op_type()), ")"));
    open.insert(open.end(), node->input().begin(), node->input().end());
  }
  return join(found);
}

std::optional<Head> Model::head(const Tensors& tensors) const {
  auto layer = state_->last_layer(tensors.logits);
  if (!layer) layer = state_->last_convolution(tensors.logits);
  if (!layer || input(*layer->product, 0) != tensors.features) return std::nullopt;
  const auto size = layer->size();
  const auto weight = size ? state_->values(*layer->weight) : std::nullopt;
  if (!weight) return std::nullopt;
  const auto [classes, width] = *size;
  std::vector<float> w(weight->size()), b(classes, 0.0F);
  for (std::size_t c = 0; c < classes; ++c) {
    for (std::size_t d = 0; d < width; ++d) {
      w[c * width + d] = (*weight)[layer->transposed ? c * width + d : d * classes + c];
    }
  }
  if (!layer->bias.empty()) {
    bool turned = false;
    const TensorProto* tensor = state_->constant_matrix(layer->bias, turned);
    const auto values = tensor ? state_->values(*tensor) : std::nullopt;
    if (!values || (values->size() != classes && values->size() != 1)) return std::nullopt;
    for (std::size_t c = 0; c < classes; ++c) b[c] = (*values)[values->size() == 1 ? 0 : c];
  }
  return Head{Array({classes, width}, std::move(w)), Array({classes}, std::move(b))};
}

}  // namespace nescio::onnx
