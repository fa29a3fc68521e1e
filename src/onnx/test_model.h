// For tests: small classifiers as other programs write them.
#pragma once

#include <onnx/onnx_pb.h>

#include <filesystem>
#include <string>
#include <vector>

#include "io/file.h"

namespace nescio::onnx {

inline constexpr int type_float = 1;

/// A graph that is written node by node.
class TestModel {
 public:
  explicit TestModel(int opset) {
    model_.set_ir_version(7);
    auto& set = *model_.add_opset_import();
    set.set_version(opset);
    model_.mutable_graph()->set_name("test");
  }

  TestModel& input(const std::string& name, int type, std::size_t width) {
    describe(*model_.mutable_graph()->add_input(), name, type, width);
    return *this;
  }
  /// Of any shape; -1 is any length.
  TestModel& input_of(const std::string& name, int type, const std::vector<std::int64_t>& shape) {
    auto& value = *model_.mutable_graph()->add_input();
    value.set_name(name);
    auto& tensor = *value.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(type);
    for (const std::int64_t side : shape) {
      auto& dimension = *tensor.mutable_shape()->add_dim();
      if (side >= 0) dimension.set_dim_value(side);
    }
    return *this;
  }
  TestModel& metadata(const std::string& key, const std::string& value) {
    auto& one = *model_.add_metadata_props();
    one.set_key(key);
    one.set_value(value);
    return *this;
  }
  TestModel& output(const std::string& name, int type, std::size_t width) {
    describe(*model_.mutable_graph()->add_output(), name, type, width);
    return *this;
  }
  TestModel& weights(const std::string& name, const std::vector<std::int64_t>& shape,
                     const std::vector<float>& values) {
    auto& tensor = *model_.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(::onnx::TensorProto::FLOAT);
    for (const std::int64_t side : shape) tensor.add_dims(side);
    for (const float value : values) tensor.add_float_data(value);
    return *this;
  }
  TestModel& int64s(const std::string& name, const std::vector<std::int64_t>& values) {
    auto& tensor = *model_.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(::onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<std::int64_t>(values.size()));
    for (const std::int64_t value : values) tensor.add_int64_data(value);
    return *this;
  }
  /// The same in whole numbers of a type of TensorProto.
  TestModel& whole(const std::string& name, int type, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int32_t>& values) {
    auto& tensor = *model_.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const std::int64_t side : shape) tensor.add_dims(side);
    for (const std::int32_t value : values) tensor.add_int32_data(value);
    return *this;
  }
  /// Weights in a file beside the model; an empty offset or length is not said.
  TestModel& external(const std::string& name, const std::string& file,
                      const std::vector<std::int64_t>& shape = {1}, const std::string& offset = {},
                      const std::string& length = {}, int type = ::onnx::TensorProto::FLOAT) {
    auto& tensor = *model_.mutable_graph()->add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (const std::int64_t side : shape) tensor.add_dims(side);
    tensor.set_data_location(::onnx::TensorProto::EXTERNAL);
    const auto say = [&](const char* key, const std::string& value) {
      auto& entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    };
    say("location", file);
    if (!offset.empty()) say("offset", offset);
    if (!length.empty()) say("length", length);
    return *this;
  }
  TestModel& node(
      const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
      const std::vector<std::pair<std::string, std::int64_t>>& attributes = {},
      const std::vector<std::pair<std::string, std::vector<std::int64_t>>>& lists = {}) {
    auto& node = *model_.mutable_graph()->add_node();
    node.set_op_type(op);
    for (const std::string& name : inputs) node.add_input(name);
    node.add_output(output);
    for (const auto& [name, value] : attributes) {
      auto& attribute = *node.add_attribute();
      attribute.set_name(name);
      attribute.set_type(::onnx::AttributeProto::INT);
      attribute.set_i(value);
    }
    for (const auto& [name, values] : lists) {
      auto& attribute = *node.add_attribute();
      attribute.set_name(name);
      attribute.set_type(::onnx::AttributeProto::INTS);
      for (const std::int64_t value : values) attribute.add_ints(value);
    }
    return *this;
  }

  /// Of the last node: a further output, or an attribute that is a float or several.
  TestModel& also_gives(const std::string& output) {
    model_.mutable_graph()->mutable_node()->rbegin()->add_output(output);
    return *this;
  }
  TestModel& with(const std::string& name, float value) {
    auto& attribute = *model_.mutable_graph()->mutable_node()->rbegin()->add_attribute();
    attribute.set_name(name);
    attribute.set_type(::onnx::AttributeProto::FLOAT);
    attribute.set_f(value);
    return *this;
  }
  TestModel& with_floats(const std::string& name, const std::vector<float>& values) {
    auto& attribute = *model_.mutable_graph()->mutable_node()->rbegin()->add_attribute();
    attribute.set_name(name);
    attribute.set_type(::onnx::AttributeProto::FLOATS);
    for (const float value : values) attribute.add_floats(value);
    return *this;
  }

  std::string bytes() const { return model_.SerializeAsString(); }
  std::filesystem::path write(const std::filesystem::path& path) const {
    io::write_text(path, bytes());
    return path;
  }

 private:
  static void describe(::onnx::ValueInfoProto& value, const std::string& name, int type,
                       std::size_t width) {
    value.set_name(name);
    auto& tensor = *value.mutable_type()->mutable_tensor_type();
    tensor.set_elem_type(type);
    tensor.mutable_shape()->add_dim()->set_dim_param("n");
    tensor.mutable_shape()->add_dim()->set_dim_value(static_cast<std::int64_t>(width));
  }

  ::onnx::ModelProto model_;
};

}  // namespace nescio::onnx
