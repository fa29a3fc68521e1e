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

/// A product with weights, and what is added to it.
struct LastLayer {
  const ::onnx::NodeProto* product = nullptr;
  const ::onnx::TensorProto* weight = nullptr;  // null where they are no plain constant
  bool transposed = false;                      // [C, D], or [C, D, 1, 1] of a convolution
  std::string bias = {};                        // empty: none

  struct Size {
    std::size_t classes, width;
  };
  /// None where the weight is no matrix.
  std::optional<Size> size() const;
};

struct Model::State {
  std::string where;
  std::filesystem::path file = {};  // empty: from memory
  ::onnx::ModelProto proto;
  std::map<std::string, int> makers;  // node of each tensor
  std::map<std::string, const ::onnx::TensorProto*> initializers;
  std::set<std::string> names;

  /// Fills makers, initializers and names. Error where two nodes make one tensor.
  void index();
  /// Error where a node or an output reads what nothing gives, and where nodes wait for one another.
  void check_wiring() const;
  /// As its file would be. Error above 2 GiB, which protobuf does not write.
  static std::string serialized(const ::onnx::ModelProto& model, const std::string& where);
  /// A name that the graph does not have yet; it has it then.
  std::string unique(const std::string& wanted);

  /// A file beside the model. Error if that is not there, or the model came from memory.
  io::SharedBytes beside(const std::string& location) const;
  /// The numbers of a float32 or float16 tensor; none of another type and of damaged ones. Error for weights outside the
  /// file that cannot be had.
  std::optional<std::vector<float>> values(const ::onnx::TensorProto& tensor) const;

  const ::onnx::NodeProto* maker(const std::string& tensor) const;
  /// The constant that the tensor is: an initializer or what a Constant node makes.
  const ::onnx::TensorProto* constant(const std::string& tensor) const;
  /// The same behind copies and turns of a matrix, of which an odd number changes `transposed`.
  const ::onnx::TensorProto* constant_matrix(std::string tensor, bool& transposed) const;
  /// Whether it is made of constants alone, by what changes form or rounding.
  bool is_constant(const std::string& tensor) const;
  /// The node of this kind that makes `tensor`, through what only changes its form (and `also`); null if there is
  /// another one before it.
  const ::onnx::NodeProto* behind_form(std::string tensor,
                                       std::initializer_list<std::string_view> kinds,
                                       const std::vector<std::string_view>& also = {}) const;
  /// z of exp(z - max z) / sum exp(z - max z), written out; empty if the node is something else.
  std::string written_softmax(const ::onnx::NodeProto& division) const;
  /// The linear layer that makes these logits: Gemm, or MatMul with constants, whatever is added behind it.
  std::optional<LastLayer> last_layer(const std::string& logits) const;
  /// A convolution of one place that makes them, through means over places (and `also`).
  std::optional<LastLayer> last_convolution(
      const std::string& logits, std::initializer_list<std::string_view> also = {}) const;
  /// Whether the graph says that the tensor is [N, D, height, width] of several places.
  bool has_places(const std::string& tensor) const;
};

}  // namespace nescio::onnx
