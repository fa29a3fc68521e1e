// What a Model holds, for its two halves: model.cpp reads, changes and writes, model_search.cpp looks around.
#pragma once

#include <onnx/onnx_pb.h>

#include <filesystem>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "onnx/model.h"

namespace nescio::onnx {

/// Nodes that are gone through one after the other: a graph may turn in a circle.
constexpr int most_steps = 64;

/// The name of an input; empty where there is none.
inline std::string input(const ::onnx::NodeProto& node, int i) {
  return i < node.input_size() ? node.input(i) : "";
}
inline std::int64_t integer(const ::onnx::NodeProto& node, std::string_view name,
                            std::int64_t otherwise) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == name) return attribute.i();
  }
  return otherwise;
}

/// A product with weights, and what is done with the result up to the logits.
struct LastLayer {
  const ::onnx::NodeProto* product = nullptr;  // whose first input is the features
  std::string weight = {};                     // [D, C], or:
  bool transposed = false;                     // [C, D], or [C, D, 1, 1] of a convolution
  std::string bias = {};                       // the product's own; empty: none
  float alpha = 1, beta = 1;                   // alpha h W + beta b
  /// Of weights in whole numbers, (W - zero) step.
  std::string step = {}, zero = {};

  /// An operation with a constant, the first or the second argument of it.
  struct Operation {
    std::string kind;  // Add, Sub, Mul or Div; Neg: without a constant
    std::string constant = {};
    bool first = false;
  };
  std::vector<Operation> behind = {};  // from the product on
  bool rounded = false;                // to few bits, on the way
};

struct Model::State {
  std::string where;
  std::filesystem::path file = {};  // empty: from memory
  ::onnx::ModelProto proto;
  std::map<std::string, int> makers;  // node of each tensor
  std::map<std::string, const ::onnx::TensorProto*> initializers;
  std::map<std::string, ::onnx::TensorProto> plain_constants;  // of nodes that hold bare floats
  std::set<std::string> names;

  /// Fills makers, initializers, plain_constants and names. Error where two nodes make one tensor.
  void index();
  /// Error where a node or an output reads what nothing gives, and where nodes wait for one another.
  void check_wiring() const;
  /// As its file would be. Error above 2 GiB, which protobuf does not write.
  static std::string serialized(const ::onnx::ModelProto& model, const std::string& where);
  /// A name that the graph does not have yet; it has it then.
  std::string unique(const std::string& wanted);

  /// A file beside the model. Error if that is not there, or the model came from memory.
  io::SharedBytes beside(const std::string& location) const;
  /// The numbers of a tensor of floats of any kind, or of whole numbers of up to 32 bits; none of another type and of
  /// damaged ones. Error for weights outside the file that cannot be had.
  std::optional<std::vector<float>> values(const ::onnx::TensorProto& tensor) const;

  const ::onnx::NodeProto* maker(const std::string& tensor) const;
  /// The constant that the tensor is: an initializer or what a Constant node makes.
  const ::onnx::TensorProto* constant(const std::string& tensor) const;
  /// What makes a tensor from weights alone, these first; empty if it is made otherwise.
  struct ConstantStep {
    const ::onnx::TensorProto* start = nullptr;
    const ::onnx::NodeProto* node = nullptr;
  };
  std::vector<ConstantStep> chain_of_constant(std::string tensor) const;
  bool is_constant(const std::string& tensor) const;
  struct Matrix {
    std::size_t rows = 0, columns = 0;
    bool vector = false;  // [columns], not [1, columns]
    std::vector<float> values = {};
    Matrix turned() const;
  };
  /// Such a tensor, copied, turned, rounded to whole numbers and back; sides of 1 behind the second do not count. None where it
  /// is no matrix, or where its sides cannot be known.
  std::optional<Matrix> constant_matrix(const std::string& tensor, bool with_values) const;
  /// Applies a QuantizeLinear or DequantizeLinear; false where it does something else.
  bool scale(const ::onnx::NodeProto& node, Matrix& matrix) const;
  /// The node of this kind that makes `tensor`, through what only changes its form (and `also`); null if there is
  /// another one before it.
  const ::onnx::NodeProto* behind_form(std::string tensor,
                                       std::initializer_list<std::string_view> kinds,
                                       const std::vector<std::string_view>& also = {}) const;
  /// z of exp(z - max z) / sum exp(z - max z), written out; empty if the node is something else.
  std::string written_softmax(const ::onnx::NodeProto& division) const;
  /// The linear layers that make these logits, added up: Gemm, or MatMul with constants, whatever constants are added to
  /// their results or multiplied with them. Empty where the logits are made otherwise.
  std::vector<LastLayer> last_layers(const std::string& logits) const;
  /// What the layers read, each tensor once.
  static std::vector<std::string> features_of(const std::vector<LastLayer>& layers);
  /// What a Concat of rows puts side by side, or the tensor itself.
  std::vector<std::string> parts_of(const std::string& tensor) const;
  /// A product of whole numbers, to which each batch of features is rounded: `scaled` multiplies it with both steps.
  std::optional<LastLayer> dynamic_product(const ::onnx::NodeProto& scaled) const;
  /// [C, D] of its weights.
  std::optional<Matrix> weight_of(const LastLayer& layer, bool with_values) const;
  /// Layers as one, of their features side by side.
  struct Joint {
    std::size_t classes = 0, width = 0;
    std::vector<std::size_t> first = {};  // column that the weights of each layer begin in
  };
  /// None where the graph does not have the sides of all weights, or where these do not fit together.
  std::optional<Joint> joint(const std::vector<LastLayer>& layers) const;
  /// A convolution of one place that makes them, through means over places (and `also`).
  std::optional<LastLayer> last_convolution(
      const std::string& logits, std::initializer_list<std::string_view> also = {}) const;
  /// Whether the graph says that the tensor is [N, D, height, width] of several places; none where it says no shape.
  std::optional<bool> has_places(const std::string& tensor) const;
};

}  // namespace nescio::onnx
