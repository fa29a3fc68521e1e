#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "onnx/model_state.h"

namespace nescio::onnx {
namespace {

using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;

/// What changes shape, type or rounding alone.
const std::set<std::string, std::less<>> only_form = {
    "Identity", "Cast",      "Dropout",   "Reshape",        "Flatten",
    "Squeeze",  "Unsqueeze", "Transpose", "QuantizeLinear", "DequantizeLinear"};

float number(const NodeProto& node, std::string_view name, float otherwise) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == name) return attribute.f();
  }
  return otherwise;
}

/// Whether an output is of floats.
bool is_measured(const ::onnx::ValueInfoProto& value) {
  const int type = value.type().tensor_type().elem_type();
  return type == TensorProto::FLOAT || type == TensorProto::FLOAT16 ||
         type == TensorProto::BFLOAT16 || type == TensorProto::DOUBLE;
}

/// Whether it changes the numbers themselves, to ones that fit into few bits.
bool rounds(const NodeProto& node) {
  return node.op_type() == "QuantizeLinear" || node.op_type() == "DequantizeLinear";
}

}  // namespace

const NodeProto* Model::State::maker(const std::string& tensor) const {
  const auto found = makers.find(tensor);
  return found == makers.end() ? nullptr : &proto.graph().node(found->second);
}

const NodeProto* Model::State::behind_form(std::string tensor,
                                           std::initializer_list<std::string_view> kinds,
                                           const std::vector<std::string_view>& also) const {
  for (int steps = 0; steps < most_steps; ++steps) {
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
  LastLayer out;
  std::vector<LastLayer::Operation> behind;  // the last one first
  const auto found = [&](LastLayer layer) {
    layer.behind.assign(behind.rbegin(), behind.rend());
    layer.rounded = layer.rounded || out.rounded;
    return layer;
  };
  std::string tensor = logits;
  for (int steps = 0; steps < most_steps; ++steps) {
    const NodeProto* node = maker(tensor);
    if (!node) return std::nullopt;
    const std::string& kind = node->op_type();
    if (only_form.contains(kind)) {
      out.rounded = out.rounded || rounds(*node);
      tensor = input(*node, 0);
    } else if (kind == "Add" || kind == "Sub" || kind == "Mul" || kind == "Div") {
      const bool first = is_constant(input(*node, 0));
      // Of two layers that are added up, neither is the last one.
      if (first == is_constant(input(*node, 1))) {
        const auto whole = kind == "Mul" ? dynamic_product(*node) : std::nullopt;
        return whole ? std::optional(found(*whole)) : std::nullopt;
      }
      if (first && kind == "Div") return std::nullopt;
      behind.push_back({kind, input(*node, first ? 0 : 1), first});
      tensor = input(*node, first ? 1 : 0);
    } else if (kind == "MatMul" || kind == "Gemm") {
      out.product = node;
      out.weight = input(*node, 1);
      if (kind == "MatMul") {
        return is_constant(out.weight) ? std::optional(found(out)) : std::nullopt;
      }
      if (integer(*node, "transA", 0) != 0) return std::nullopt;
      out.transposed = integer(*node, "transB", 0) != 0;
      out.alpha = number(*node, "alpha", 1);
      out.beta = number(*node, "beta", 1);
      out.bias = input(*node, 2);
      return found(out);
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// DynamicQuantizeLinear(h) -> MatMulInteger(h', W) -> Cast -> Mul(step of h' times step of W).
std::optional<LastLayer> Model::State::dynamic_product(const NodeProto& scaled) const {
  for (const int side : {0, 1}) {
    const NodeProto* product = behind_form(input(scaled, side), {"MatMulInteger"});
    const NodeProto* both = maker(input(scaled, 1 - side));
    const NodeProto* rounded = product ? maker(input(*product, 0)) : nullptr;
    if (!product || !both || !rounded || both->op_type() != "Mul" ||
        rounded->op_type() != "DynamicQuantizeLinear" || rounded->output_size() < 2) {
      continue;
    }
    for (const int own : {0, 1}) {
      if (input(*both, 1 - own) != rounded->output(1) || !constant(input(*both, own))) continue;
      return LastLayer{.product = rounded,
                       .weight = input(*product, 1),
                       .step = input(*both, own),
                       .zero = input(*product, 3),
                       .rounded = true};
    }
  }
  return std::nullopt;
}

std::optional<LastLayer> Model::State::last_convolution(
    const std::string& logits, std::initializer_list<std::string_view> also) const {
  std::vector<std::string_view> passed = {"GlobalAveragePool", "AveragePool", "ReduceMean"};
  passed.insert(passed.end(), also.begin(), also.end());
  const NodeProto* node = behind_form(logits, {"Conv"}, passed);
  // Each result of it must be of one place alone.
  if (!node || !constant_matrix(input(*node, 1), false)) return std::nullopt;
  return LastLayer{.product = node,
                   .weight = input(*node, 1),
                   .transposed = true,
                   .bias = input(*node, 2),
                   .rounded = maker(input(*node, 1)) != nullptr};
}

std::optional<Model::State::Matrix> Model::State::weight_of(const LastLayer& layer,
                                                            bool with_values) const {
  auto weight = constant_matrix(layer.weight, with_values);
  if (!weight || weight->vector) return std::nullopt;
  if (with_values && !layer.step.empty()) {
    const auto step = constant_matrix(layer.step, true);
    const auto zero = layer.zero.empty() ? std::optional(Matrix{.values = {0}})
                                         : constant_matrix(layer.zero, true);
    const auto fits = [&](const std::optional<Matrix>& m) {
      return m && (m->values.size() == 1 || m->values.size() == weight->columns);
    };
    if (!fits(step) || !fits(zero)) return std::nullopt;
    const auto at = [](const Matrix& m, std::size_t c) {
      return m.values[m.values.size() == 1 ? 0 : c];
    };
    for (std::size_t i = 0; i < weight->values.size(); ++i) {
      const std::size_t c = i % weight->columns;
      weight->values[i] = (weight->values[i] - at(*zero, c)) * at(*step, c);
    }
  }
  return layer.transposed ? weight : weight->turned();
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
  const bool output = std::ranges::find(all, where.logits) != all.end();
  Tensors out = behind(where.logits.empty() ? only_logits()
                       : output             ? logits_of(where.logits)
                                            : where.logits);
  if (!where.features.empty() && where.features != out.features) {
    out.features = where.features;
    out.maps = state_->has_places(where.features);
    out.width.reset();
  }
  return out;
}

std::string Model::only_logits() const {
  const std::vector<std::string> all = outputs();
  if (all.size() == 1) return logits_of(all.front());
  std::vector<std::string> measured;
  for (const auto& value : state_->proto.graph().output()) {
    if (is_measured(value)) measured.push_back(value.name());
  }
  // Beside an answer in words or numbers of classes there is one in probabilities or logits.
  if (measured.size() == 1) return logits_of(measured.front());
  std::set<std::string> answers, features;
  for (const std::string& output : measured) {
    try {
      const Tensors found = behind(logits_of(output));
      if (found.features.empty()) continue;  // no layer makes it: features themselves
      answers.insert(found.logits);
      features.insert(found.features);
    } catch (const Error&) {
      answers.insert(output);  // an answer of another kind, as by a sigmoid
    }
  }
  // An embedding that a layer makes is what the next one reads.
  std::erase_if(answers, [&](const std::string& tensor) { return features.contains(tensor); });
  if (answers.size() == 1) return *answers.begin();
  fail(state_->where, ": has ", all.size(),
       " outputs; name the logits with logits=. Outputs: ", join(all));
}

std::string Model::logits_of(const std::string& output) const {
  std::string at = output;
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
    fail(state_->where, ": no node makes the logits behind '", printable(output),
         "'; name them with logits=");
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
  out.rounded = layer->rounded;
  if (const auto weight = state_->weight_of(*layer, false)) {
    out.classes = weight->rows;
    out.width = weight->columns;
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
  auto weight = state_->weight_of(*layer, true);
  if (!weight) return std::nullopt;
  const std::size_t classes = weight->rows, width = weight->columns;
  /// One number for each class; none where it is something else.
  const auto of_classes = [&](const std::string& name) -> std::optional<std::vector<double>> {
    const auto found = state_->constant_matrix(name, true);
    const std::size_t count = found ? found->values.size() : 0;
    if (count == 0 || (count != 1 && count != classes)) return std::nullopt;
    std::vector<double> out(classes, found->values[0]);
    if (found->values.size() > 1) out.assign(found->values.begin(), found->values.end());
    return out;
  };
  std::vector<double> factor(classes, double{layer->alpha}), bias(classes, 0.0);
  if (!layer->bias.empty()) {
    const auto own = of_classes(layer->bias);
    if (!own) return std::nullopt;
    for (std::size_t c = 0; c < classes; ++c) bias[c] = layer->beta * (*own)[c];
  }
  for (const LastLayer::Operation& next : layer->behind) {
    const auto constant = of_classes(next.constant);
    if (!constant) return std::nullopt;
    for (std::size_t c = 0; c < classes; ++c) {
      const double k = (*constant)[c];
      if (next.kind == "Mul" || next.kind == "Div") {
        const double by = next.kind == "Mul" ? k : 1 / k;
        factor[c] *= by;
        bias[c] *= by;
      } else if (next.kind == "Add") {
        bias[c] += k;
      } else if (next.first) {  // k - z
        factor[c] = -factor[c];
        bias[c] = k - bias[c];
      } else {
        bias[c] -= k;
      }
    }
  }
  std::vector<float> b(bias.begin(), bias.end());
  for (std::size_t c = 0; c < classes; ++c) {
    for (std::size_t d = 0; d < width; ++d) {
      float& w = weight->values[c * width + d];
      w = static_cast<float>(factor[c] * w);
    }
  }
  return Head{Array({classes, width}, std::move(weight->values)), Array({classes}, std::move(b))};
}

}  // namespace nescio::onnx
