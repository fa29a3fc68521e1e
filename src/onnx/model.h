// Somebody's ONNX model, to be read and added to. Protobuf stays behind this header.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "expr/onnx.h"
#include "io/bytes.h"

namespace nescio::onnx {

/// Where a classifier's answers lie in a graph.
struct Tensors {
  std::string logits;
  std::string features;  // empty where nothing says what they are
  /// The weights of the layer between them, [C, D], as far as the graph has them.
  std::optional<std::size_t> classes = {}, width = {};
};

class Model {
 public:
  /// Error if the file is no ONNX model, has no graph, or an opset below 11.
  explicit Model(const std::filesystem::path& path);
  /// The same from memory; `where` begins the messages.
  Model(const io::SharedBytes& bytes, const std::string& where);
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  int opset() const;
  std::vector<std::string> inputs() const;
  std::vector<std::string> outputs() const;
  /// Whether a node, an input or an initializer makes a tensor of this name.
  bool has(const std::string& tensor) const;

  /// The logits behind `output` (the only one if it is empty) and the features that its last layer reads: softmaxes,
  /// also written out, are taken back. Error that lists the candidates where it is not certain.
  Tensors find(const std::string& output) const;
  /// The features that the layer reads which makes these logits.
  Tensors behind(const std::string& logits) const;

  /// Files beside the model that its weights lie in, by their names in it; each once.
  std::vector<std::string> external_files() const;

  /// Takes nodes into the graph, behind its own, under names that it does not have yet.
  std::unique_ptr<expr::OnnxWriter> writer();
  /// An output of the graph, [N] of TensorProto type 1 (float) or 9 (bool). Error if the name is taken.
  void add_output(const std::string& tensor, const std::string& name, int type);
  /// A float [n] that has a value and may be given as an input, too. Error if the name is taken.
  void add_input_with_default(const std::string& name, const std::vector<float>& values);
  void set_metadata(const std::string& key, const std::string& value);

  /// All or nothing. Error above 2 GiB, which protobuf does not write.
  void write(const std::filesystem::path& path) const;

 private:
  struct State;
  class Writer;
  std::unique_ptr<State> state_;
};

}  // namespace nescio::onnx
