#include "onnx/model.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "io/file.h"

namespace nescio::onnx {
namespace {

using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;

constexpr int oldest_opset = 11;
constexpr std::size_t largest_file = std::size_t{1} << 31;

/// What changes shape, type or rounding alone.
const std::set<std::string, std::less<>> only_form = {
    "Identity", "Cast",      "Dropout",   "Reshape",        "Flatten",
    "Squeeze",  "Unsqueeze", "Transpose", "QuantizeLinear", "DequantizeLinear"};

std::string input(const NodeProto& node, int i) {
  return i < node.input_size() ? node.input(i) : "";
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

struct Model::State {
  std::string where;
  ModelProto proto;
  std::map<std::string, int> makers;  // node of each tensor
  std::map<std::string, const TensorProto*> initializers;
  std::set<std::string> names;

  const NodeProto* maker(const std::string& tensor) const {
    const auto found = makers.find(tensor);
    return found == makers.end() ? nullptr : &proto.graph().node(found->second);
  }

  /// The node of this kind that makes `tensor`, through what only changes its form (and `also`); null if there is
  /// another one before it.
  const NodeProto* behind_form(std::string tensor, std::initializer_list<std::string_view> kinds,
                               std::initializer_list<std::string_view> also = {}) const {
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

  /// z of exp(z - max z) / sum exp(z - max z), written out; empty if the node is something else.
  std::string written_softmax(const NodeProto& division) const {
    const NodeProto* above = behind_form(input(division, 0), {"Exp"});
    const NodeProto* below = behind_form(input(division, 1), {"ReduceSum"}, {"Expand"});
    if (!above || !below || behind_form(input(*below, 0), {"Exp"}) != above) return {};
    const NodeProto* shifted = behind_form(input(*above, 0), {"Sub"});
    const NodeProto* peak =
        shifted ? behind_form(input(*shifted, 1), {"ReduceMax"}, {"Expand", "Max"}) : nullptr;
    const bool is_own = peak && input(*peak, 0) == input(*shifted, 0);
    return is_own ? input(*shifted, 0) : input(*above, 0);
  }

  void index() {
    const GraphProto& graph = proto.graph();
    for (int n = 0; n < graph.node_size(); ++n) {
      names.insert(graph.node(n).name());
      for (const std::string& name : graph.node(n).output()) {
        if (!name.empty() && !makers.emplace(name, n).second) {
          fail(where, ": two nodes make the tensor '", printable(name), "'");
        }
        names.insert(name);
      }
      for (const std::string& name : graph.node(n).input()) names.insert(name);
    }
    for (const auto& tensor : graph.initializer()) {
      initializers.emplace(tensor.name(), &tensor);
      names.insert(tensor.name());
    }
    for (const auto& value : graph.input()) names.insert(value.name());
    for (const auto& value : graph.output()) names.insert(value.name());
  }

  std::string unique(const std::string& wanted) {
    std::string name = wanted;
    for (std::size_t i = 1; !names.insert(name).second; ++i) name = text(wanted, "_", i);
    return name;
  }

  /// The constant that the tensor is: an initializer or what a Constant node makes.
  const TensorProto* constant(const std::string& tensor) const {
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
};

class Model::Writer final : public expr::OnnxWriter {
 public:
  explicit Writer(Model& model) : model_(model), state_(*model.state_) {}

  int opset() const override { return model_.opset(); }

  std::vector<std::string> add(std::string_view op, const std::vector<std::string>& inputs,
                               const expr::OnnxAttributes& attributes,
                               std::size_t outputs) override {
    NodeProto& node = *state_.proto.mutable_graph()->add_node();
    node.set_op_type(std::string(op));
    node.set_name(state_.unique(text("nescio/", op)));
    for (const std::string& name : inputs) node.add_input(name);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < outputs; ++i) {
      names.push_back(state_.unique(text("nescio/", op, "_out")));
      node.add_output(names.back());
    }
    for (const expr::OnnxAttribute& one : attributes) {
      auto& attribute = *node.add_attribute();
      attribute.set_name(one.name);
      if (const auto* number = std::get_if<std::int64_t>(&one.value)) {
        attribute.set_type(::onnx::AttributeProto::INT);
        attribute.set_i(*number);
      } else if (const auto* real = std::get_if<float>(&one.value)) {
        attribute.set_type(::onnx::AttributeProto::FLOAT);
        attribute.set_f(*real);
      } else {
        attribute.set_type(::onnx::AttributeProto::INTS);
        for (const std::int64_t v : std::get<std::vector<std::int64_t>>(one.value))
          attribute.add_ints(v);
      }
    }
    return names;
  }

  std::string constant(std::span<const std::int64_t> shape,
                       std::span<const float> values) override {
    return initializer(shape, TensorProto::FLOAT, values.data(), values.size_bytes());
  }
  std::string constant(std::span<const std::int64_t> shape,
                       std::span<const std::int64_t> values) override {
    return initializer(shape, TensorProto::INT64, values.data(), values.size_bytes());
  }

 private:
  std::string initializer(std::span<const std::int64_t> shape, int type, const void* data,
                          std::size_t bytes) {
    const std::string raw(static_cast<const char*>(data), bytes);
    std::string key = text(type, ":");
    for (const std::int64_t side : shape) key += text(side, ",");
    const bool small = bytes <= 64;  // equal ones are one
    if (small) {
      const auto found = known_.find(key + raw);
      if (found != known_.end()) return found->second;
    }
    TensorProto& tensor = *state_.proto.mutable_graph()->add_initializer();
    tensor.set_name(state_.unique("nescio/constant"));
    tensor.set_data_type(type);
    for (const std::int64_t side : shape) tensor.add_dims(side);
    tensor.set_raw_data(raw);
    if (small) known_.emplace(key + raw, tensor.name());
    return tensor.name();
  }

  Model& model_;
  State& state_;
  std::map<std::string, std::string> known_;
};

Model::Model(const std::filesystem::path& path) : Model(io::map_file(path), path.string()) {}

Model::Model(const io::SharedBytes& bytes, const std::string& where)
    : state_(std::make_unique<State>()) {
  state_->where = where;
  if (bytes.size() >= largest_file) fail(where, ": is above 2 GiB, which protobuf does not read");
  if (bytes.size() == 0 ||
      !state_->proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !state_->proto.has_graph() || state_->proto.graph().node_size() == 0) {
    fail(where, ": is no ONNX model (damaged, or another format)");
  }
  state_->index();
  // Before that version every initializer had to be an input, too.
  if (state_->proto.ir_version() < 4) state_->proto.set_ir_version(4);
  if (opset() < oldest_opset) {
    fail(where, ": its operators are of opset ", opset(), "; expected ", oldest_opset,
         " or later, as onnx.version_converter makes it");
  }
}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

int Model::opset() const {
  for (const auto& set : state_->proto.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") return static_cast<int>(set.version());
  }
  return 1;
}

std::vector<std::string> Model::inputs() const {
  std::vector<std::string> out;
  for (const auto& value : state_->proto.graph().input()) {
    if (!state_->initializers.contains(value.name())) out.push_back(value.name());
  }
  return out;
}

std::vector<std::string> Model::outputs() const {
  std::vector<std::string> out;
  for (const auto& value : state_->proto.graph().output()) out.push_back(value.name());
  return out;
}

bool Model::has(const std::string& tensor) const {
  const auto given = inputs();
  return state_->makers.contains(tensor) || state_->initializers.contains(tensor) ||
         std::ranges::find(given, tensor) != given.end();
}

Tensors Model::find(const std::string& output) const {
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
  return behind(at);
}

Tensors Model::behind(const std::string& logits) const {
  Tensors out{.logits = logits, .features = {}};
  const auto shape_of = [&](const std::string& weights, bool transposed) {
    const TensorProto* tensor = state_->constant(weights);
    if (!tensor || tensor->dims_size() != 2) return;
    out.classes = static_cast<std::size_t>(tensor->dims(transposed ? 0 : 1));
    out.width = static_cast<std::size_t>(tensor->dims(transposed ? 1 : 0));
  };
  const NodeProto* node = state_->behind_form(logits, {"Gemm", "MatMul", "Add", "Conv"});
  if (node && node->op_type() == "Add") {  // MatMul + bias, either way round
    const NodeProto* product = state_->behind_form(input(*node, 0), {"MatMul"});
    node = product ? product : state_->behind_form(input(*node, 1), {"MatMul"});
  }
  if (!node) return out;
  if (node->op_type() == "Gemm") {
    bool transposed = false, plain = true;
    for (const auto& attribute : node->attribute()) {
      transposed = transposed || (attribute.name() == "transB" && attribute.i() != 0);
      plain = plain && !(attribute.name() == "transA" && attribute.i() != 0);
    }
    if (!plain) return out;
    out.features = input(*node, 0);
    shape_of(input(*node, 1), transposed);
  } else if (node->op_type() == "MatMul") {
    if (!state_->constant(input(*node, 1))) return out;
    out.features = input(*node, 0);
    shape_of(input(*node, 1), false);
  } else if (of_one_place(*node) &&
             state_->behind_form(input(*node, 0), {"GlobalAveragePool", "AveragePool"})) {
    out.features = input(*node, 0);  // a convolution of one place is a last layer, too
  }
  return out;
}

std::vector<std::string> Model::external_files() const {
  std::set<std::string> files;
  for (const auto& tensor : state_->proto.graph().initializer()) {
    if (tensor.data_location() != TensorProto::EXTERNAL) continue;
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") files.insert(entry.value());
    }
  }
  return {files.begin(), files.end()};
}

std::unique_ptr<expr::OnnxWriter> Model::writer() { return std::make_unique<Writer>(*this); }

void Model::add_output(const std::string& tensor, const std::string& name, int type) {
  if (!state_->names.insert(name).second) {
    fail(state_->where, ": has a tensor '", name, "' already; is the detector in it?");
  }
  GraphProto& graph = *state_->proto.mutable_graph();
  NodeProto& node = *graph.add_node();
  node.set_op_type("Identity");
  node.set_name(state_->unique("nescio/" + name));
  node.add_input(tensor);
  node.add_output(name);
  auto& value = *graph.add_output();
  value.set_name(name);
  auto& of = *value.mutable_type()->mutable_tensor_type();
  of.set_elem_type(type);
  of.mutable_shape()->add_dim()->set_dim_param("nescio_rows");
}

void Model::add_input_with_default(const std::string& name, const std::vector<float>& values) {
  if (!state_->names.insert(name).second) {
    fail(state_->where, ": has a tensor '", name, "' already; is the detector in it?");
  }
  GraphProto& graph = *state_->proto.mutable_graph();
  TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(TensorProto::FLOAT);
  tensor.add_dims(static_cast<std::int64_t>(values.size()));
  tensor.set_raw_data(
      std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
  auto& value = *graph.add_input();
  value.set_name(name);
  auto& of = *value.mutable_type()->mutable_tensor_type();
  of.set_elem_type(TensorProto::FLOAT);
  of.mutable_shape()->add_dim()->set_dim_value(static_cast<std::int64_t>(values.size()));
}

void Model::set_metadata(const std::string& key, const std::string& value) {
  for (auto& one : *state_->proto.mutable_metadata_props()) {
    if (one.key() == key) return one.set_value(value);
  }
  auto& one = *state_->proto.add_metadata_props();
  one.set_key(key);
  one.set_value(value);
}

void Model::write(const std::filesystem::path& path) const {
  if (state_->proto.ByteSizeLong() >= largest_file) {
    fail(path.string(), ": the model would take ", state_->proto.ByteSizeLong(),
         " bytes, and protobuf writes less than 2 GiB; a detector of fewer rows is smaller");
  }
  io::AtomicFile file(path);
  file.write(std::string_view(state_->proto.SerializeAsString()));
  file.commit();
}

}  // namespace nescio::onnx
