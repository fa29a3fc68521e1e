#include "onnx/model.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/text.h"
#include "io/file.h"
#include "io/sha256.h"
#include "onnx/external_data.h"
#include "onnx/model_state.h"

namespace nescio::onnx {
namespace {

using ::onnx::GraphProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;

constexpr int oldest_opset = 11;
constexpr std::size_t largest_file = std::size_t{1} << 31;
constexpr const char *seal_key = "nescio.model_sha256", *files_key = "nescio.external_sha256";

TensorInfo described(const ::onnx::ValueInfoProto& value) {
  TensorInfo out{value.name(), "no tensor", ""};
  if (!value.type().has_tensor_type()) return out;
  const auto& tensor = value.type().tensor_type();
  switch (tensor.elem_type()) {
    case ::onnx::TensorProto::FLOAT: out.type = "float32"; break;
    case ::onnx::TensorProto::DOUBLE: out.type = "float64"; break;
    default:
      out.type = ::onnx::TensorProto::DataType_IsValid(tensor.elem_type())
                     ? ::onnx::TensorProto::DataType_Name(
                           static_cast<::onnx::TensorProto::DataType>(tensor.elem_type()))
                     : "unknown";
      std::ranges::transform(out.type, out.type.begin(),
                             [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  }
  std::vector<std::string> sides;
  for (const auto& side : tensor.shape().dim()) {
    sides.push_back(side.has_dim_value()       ? text(side.dim_value())
                    : side.dim_param().empty() ? "?"
                                               : side.dim_param());
  }
  if (tensor.has_shape()) out.shape = text("[", join(sides), "]");
  return out;
}

}  // namespace

void Model::State::index() {
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
    if (graph.node(n).op_type() != "Constant" || graph.node(n).output_size() != 1) continue;
    for (const auto& attribute : graph.node(n).attribute()) {
      if (attribute.name() != "value_float" && attribute.name() != "value_floats") continue;
      TensorProto& tensor = plain_constants[graph.node(n).output(0)];
      tensor.set_data_type(TensorProto::FLOAT);
      *tensor.mutable_float_data() = attribute.floats();
      if (attribute.name() == "value_float") {
        tensor.add_float_data(attribute.f());
      } else {
        tensor.add_dims(attribute.floats_size());
      }
    }
  }
  for (const auto& tensor : graph.initializer()) {
    initializers.emplace(tensor.name(), &tensor);
    names.insert(tensor.name());
  }
  for (const auto& value : graph.input()) names.insert(value.name());
  for (const auto& value : graph.output()) names.insert(value.name());
}

std::string Model::State::unique(const std::string& wanted) {
  std::string name = wanted;
  for (std::size_t i = 1; !names.insert(name).second; ++i) name = text(wanted, "_", i);
  return name;
}

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
    added_ += bytes;
    if (added_ >= largest_file) {
      fail(state_.where,
           ": the detector's numbers alone would take 2 GiB or more, and protobuf writes less; "
           "a detector of fewer rows is smaller");
    }
    std::string raw(static_cast<const char*>(data), bytes);
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
    if (small) known_.emplace(key + raw, tensor.name());
    tensor.set_raw_data(std::move(raw));
    return tensor.name();
  }

  Model& model_;
  State& state_;
  std::map<std::string, std::string> known_;
  std::size_t added_ = 0;  // bytes
};

Model::Model(const std::filesystem::path& path) : Model(io::map_file(path), path.string()) {
  state_->file = path;
}

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
  // Before that version every initializer had to be an input, too, and none could be given; runtimes fold only what cannot.
  if (state_->proto.ir_version() < 4) {
    state_->proto.set_ir_version(4);
    auto& inputs = *state_->proto.mutable_graph()->mutable_input();
    // clang 14 takes no subranges of GCC's library.
    const auto first_own = std::stable_partition(
        inputs.begin(), inputs.end(), [&](const ::onnx::ValueInfoProto& value) {
          return !state_->initializers.contains(value.name());
        });
    inputs.erase(first_own, inputs.end());
  }
}
Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) { state_->index(); }
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

std::vector<TensorInfo> Model::input_tensors() const {
  std::vector<TensorInfo> out;
  for (const auto& value : state_->proto.graph().input()) {
    if (!state_->initializers.contains(value.name())) out.push_back(described(value));
  }
  return out;
}

std::vector<TensorInfo> Model::output_tensors() const {
  std::vector<TensorInfo> out;
  for (const auto& value : state_->proto.graph().output()) out.push_back(described(value));
  return out;
}

bool Model::has(const std::string& tensor) const {
  const auto given = inputs();
  return state_->makers.contains(tensor) || state_->initializers.contains(tensor) ||
         std::ranges::find(given, tensor) != given.end();
}

std::map<std::string, std::string> Model::metadata() const {
  std::map<std::string, std::string> out;
  for (const auto& one : state_->proto.metadata_props()) out[one.key()] = one.value();
  return out;
}

std::vector<std::string> Model::external_files() const {
  std::set<std::string> files;
  for (const TensorProto* tensor : external_tensors(state_->proto))
    files.insert(external_location(*tensor));
  return {files.begin(), files.end()};
}

std::vector<std::string> Model::external_sha256() const {
  std::vector<std::string> out;
  for (const std::string& file : external_files())
    out.push_back(io::sha256(state_->beside(file).text()));
  return out;
}

io::SharedBytes Model::State::beside(const std::string& location) const {
  if (file.empty()) fail(where, ": its weights lie in files beside it; expected the model's file");
  return external_file(file, location);
}

std::unique_ptr<expr::OnnxWriter> Model::writer() {
  if (opset() < oldest_opset) {
    fail(state_->where, ": its operators are of opset ", opset(), "; expected ", oldest_opset,
         " or later, as onnx.version_converter makes it");
  }
  state_->check_wiring();
  return std::make_unique<Writer>(*this);
}

std::string Model::side_by_side(const std::vector<std::string>& features) {
  if (features.size() == 1) return features.front();
  const auto to = writer();
  std::vector<std::string> rows;
  for (const std::string& one : features) {
    rows.push_back(to->node("Flatten", {one}, {{"axis", std::int64_t{1}}}));
  }
  return to->node("Concat", rows, {{"axis", std::int64_t{1}}});
}

void Model::expose(const std::string& tensor) {
  const auto all = outputs();
  if (std::ranges::find(all, tensor) != all.end()) return;
  state_->proto.mutable_graph()->add_output()->set_name(tensor);
}

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

Model Model::part(const std::map<std::string, int>& from,
                  const std::vector<std::string>& outputs) const {
  std::set<int> nodes;
  std::set<std::string> seen, constants;
  std::vector<std::string> open = outputs;
  while (!open.empty()) {
    const std::string tensor = open.back();
    open.pop_back();
    if (tensor.empty() || from.contains(tensor) || !seen.insert(tensor).second) continue;
    const auto made = state_->makers.find(tensor);
    if (made != state_->makers.end()) {
      nodes.insert(made->second);
      for (const std::string& read : state_->proto.graph().node(made->second).input())
        open.push_back(read);
    } else if (state_->initializers.contains(tensor)) {
      constants.insert(tensor);
    } else {
      fail(state_->where, ": ", printable(join(outputs)), " also reads '", printable(tensor), "'");
    }
  }
  auto state = std::make_unique<State>();
  state->where = state_->where;
  state->proto.set_ir_version(state_->proto.ir_version());
  *state->proto.mutable_opset_import() = state_->proto.opset_import();
  GraphProto& graph = *state->proto.mutable_graph();
  graph.set_name("part");
  for (const int n : nodes) *graph.add_node() = state_->proto.graph().node(n);
  for (const std::string& name : constants)
    *graph.add_initializer() = *state_->initializers.at(name);
  for (const auto& [name, type] : from) {
    auto& value = *graph.add_input();
    value.set_name(name);
    value.mutable_type()->mutable_tensor_type()->set_elem_type(type);
  }
  for (const std::string& name : outputs) graph.add_output()->set_name(name);
  return Model(std::move(state));
}

std::string Model::hash_without_seal() const {
  ::onnx::ModelProto copy = state_->proto;
  auto& metadata = *copy.mutable_metadata_props();
  for (int i = metadata.size() - 1; i >= 0; --i) {
    if (metadata[i].key() == seal_key) metadata.DeleteSubrange(i, 1);
  }
  return io::sha256(State::serialized(copy, state_->where));
}

void Model::seal() {
  const auto files = external_sha256();
  if (!files.empty()) set_metadata(files_key, join(files, " "));
  set_metadata(seal_key, hash_without_seal());
}

std::optional<bool> Model::is_as_sealed() const {
  const auto all = metadata();
  const auto found = all.find(seal_key);
  if (found == all.end()) return std::nullopt;
  const auto files = all.find(files_key);
  if (files != all.end() && files->second != join(external_sha256(), " ")) return false;
  return found->second == hash_without_seal();
}

std::string Model::State::serialized(const ::onnx::ModelProto& model, const std::string& where) {
  const std::size_t size = model.ByteSizeLong();
  if (size >= largest_file) {
    fail(where, ": would take ", size,
         " bytes, and protobuf writes less than 2 GiB; a detector of fewer rows is smaller");
  }
  return model.SerializeAsString();
}

std::string Model::bytes() const { return State::serialized(state_->proto, state_->where); }

void Model::write(const std::filesystem::path& path) const {
  std::map<std::string, io::SharedBytes> files;
  std::set<std::string> locations;
  for (const TensorProto* tensor : external_tensors(state_->proto)) {
    const std::string location = external_location(*tensor);
    if (locations.insert(location).second) files.emplace(location, state_->beside(location));
    external_bytes(*tensor, files.at(location), state_->where);
  }
  ExternalCopies copies(state_->file, path, locations);
  io::AtomicFile file(path);
  file.write(std::string_view(bytes()));
  copies.put_in_place();
  file.commit();
  copies.keep();
}

}  // namespace nescio::onnx
