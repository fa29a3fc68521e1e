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

/// Of what is done with a sum, what is done with its second summand: constants are added once.
std::vector<LastLayer::Operation> factors_of(const std::vector<LastLayer::Operation>& behind) {
  std::vector<LastLayer::Operation> out;
  for (const LastLayer::Operation& one : behind) {
    if (one.kind == "Sub" && one.first) out.push_back({.kind = "Neg"});
    if (one.kind == "Mul" || one.kind == "Div" || one.kind == "Neg") out.push_back(one);
  }
  return out;
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

std::vector<LastLayer> Model::State::last_layers(const std::string& logits) const {
  struct Way {
    std::string tensor;
    std::vector<LastLayer::Operation> behind = {};  // the last one first
    bool rounded = false;
  };
  std::vector<LastLayer> found;
  std::vector<Way> open = {{logits}};
  for (int steps = 0; !open.empty(); ++steps) {
    if (steps == most_steps) return {};
    Way way = std::move(open.back());
    open.pop_back();
    const auto ends_at = [&](LastLayer layer) {
      layer.behind.assign(way.behind.rbegin(), way.behind.rend());
      layer.rounded = layer.rounded || way.rounded;
      found.push_back(std::move(layer));
    };
    const NodeProto* node = maker(way.tensor);
    if (!node) return {};
    const std::string& kind = node->op_type();
    if (only_form.contains(kind)) {
      open.push_back({input(*node, 0), std::move(way.behind), way.rounded || rounds(*node)});
    } else if (kind == "Add" || kind == "Sub" || kind == "Mul" || kind == "Div") {
      const bool first = is_constant(input(*node, 0));
      if (first != is_constant(input(*node, 1))) {
        if (first && kind == "Div") return {};
        way.behind.push_back({kind, input(*node, first ? 0 : 1), first});
        way.tensor = input(*node, first ? 1 : 0);
        open.push_back(std::move(way));
      } else if (kind == "Add") {
        open.push_back({input(*node, 1), factors_of(way.behind), way.rounded});
        open.push_back({input(*node, 0), std::move(way.behind), way.rounded});
      } else if (const auto whole = kind == "Mul" ? dynamic_product(*node) : std::nullopt) {
        ends_at(*whole);
      } else {
        return {};
      }
    } else if (kind == "MatMul") {
      if (!is_constant(input(*node, 1))) return {};
      ends_at({.product = node, .weight = input(*node, 1)});
    } else if (kind == "Gemm" && integer(*node, "transA", 0) == 0) {
      ends_at({.product = node,
               .weight = input(*node, 1),
               .transposed = integer(*node, "transB", 0) != 0,
               .bias = input(*node, 2),
               .alpha = number(*node, "alpha", 1),
               .beta = number(*node, "beta", 1)});
    } else {
      return {};
    }
  }
  return found;
}

std::vector<std::string> Model::State::features_of(const std::vector<LastLayer>& layers) {
  std::vector<std::string> out;
  for (const LastLayer& layer : layers) {
    const std::string& read = input(*layer.product, 0);
    if (std::ranges::find(out, read) == out.end()) out.push_back(read);
  }
  return out;
}

std::vector<std::string> Model::State::parts_of(const std::string& tensor) const {
  const NodeProto* node = maker(tensor);
  if (!node || node->op_type() != "Concat" || integer(*node, "axis", 0) != 1) return {tensor};
  std::vector<std::string> out(node->input().begin(), node->input().end());
  for (std::string& part : out) {
    const NodeProto* rows = maker(part);
    if (rows && rows->op_type() == "Flatten") part = input(*rows, 0);
  }
  return out;
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

std::optional<bool> Model::State::has_places(const std::string& tensor) const {
  const GraphProto& graph = proto.graph();
  for (const auto* values : {&graph.value_info(), &graph.output(), &graph.input()}) {
    for (const ::onnx::ValueInfoProto& value : *values) {
      if (value.name() != tensor || !value.type().tensor_type().has_shape()) continue;
      const auto& shape = value.type().tensor_type().shape();
      return shape.dim_size() == 4 &&
             (shape.dim(2).dim_value() != 1 || shape.dim(3).dim_value() != 1);
    }
  }
  return std::nullopt;
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
  const std::vector named = {where.features};
  const bool found = named == out.features || state_->parts_of(where.features) == out.features;
  if (!where.features.empty() && !found) {
    out.features = named;
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
      features.insert(found.features.begin(), found.features.end());
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
  // A softmax is taken back, also its logarithm, wherever rounding and reshaping have put it.
  const NodeProto* last =
      state_->behind_form(at, {"Softmax", "LogSoftmax", "Div", "Sigmoid", "ArgMax"}, {"Log"});
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
  Tensors out{.logits = logits};
  std::vector<LastLayer> layers = state_->last_layers(logits);
  if (layers.empty()) {
    // Where the pooling stands behind a convolution, its input has places.
    const auto layer = state_->last_convolution(logits, {"Relu"});
    if (!layer) return out;
    out.maps =
        !state_->behind_form(input(*layer->product, 0), {"GlobalAveragePool", "AveragePool"});
    layers = {*layer};
  }
  out.features = State::features_of(layers);
  out.rounded = std::ranges::any_of(layers, &LastLayer::rounded);
  if (const auto joint = state_->joint(layers)) {
    out.classes = joint->classes;
    out.width = joint->width;
  }
  return out;
}

std::string Model::in_training() const {
  const auto is_true = [&](const TensorProto* value) {
    if (!value) return false;
    const std::string& raw = value->raw_data();
    return raw.empty() ? value->int32_data_size() > 0 && value->int32_data(0) != 0 : raw[0] != 0;
  };
  for (const NodeProto& node : state_->proto.graph().node()) {
    const bool draws = node.op_type() == "Dropout" && is_true(state_->constant(input(node, 2)));
    const bool averages =
        node.op_type() == "BatchNormalization" && integer(node, "training_mode", 0) != 0;
    if (draws || averages) {
      return text("'", printable(node.output_size() > 0 ? node.output(0) : ""), "' (",
                  node.op_type(), ")");
    }
  }
  return {};
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

}  // namespace nescio::onnx
