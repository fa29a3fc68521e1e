// Somebody's ONNX model, to be read and added to. Protobuf stays behind this header.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/head.h"
#include "expr/onnx.h"
#include "io/bytes.h"

namespace nescio::onnx {

/// Which tensors are meant; empty ones are found.
struct Where {
  std::string logits = {}, features = {};
  /// A detector reads the logarithm of the logits' tensor, which holds probabilities.
  bool logarithm = false;
  /// It reads logits that are logarithms of probabilities.
  bool normalised = false;
};

/// Where a classifier's answers lie in a graph.
struct Tensors {
  std::string logits;
  /// Whose rows side by side are the features; several where as many last layers are added up, none where nothing
  /// says what they are.
  std::vector<std::string> features = {};
  /// [N, D, height, width]: the features are the means over the places; none where nothing says whether they are.
  std::optional<bool> maps = false;
  bool rounded = false;  // between features and logits numbers are rounded to few bits
  /// The weights of the layer between them, [C, D], as far as the graph has them.
  std::optional<std::size_t> classes = {}, width = {};
};

/// An input or output as the graph describes it.
struct TensorInfo {
  std::string name;
  std::string type;   // "float32"; what ONNX calls it where this program has no such type
  std::string shape;  // "[N, 3, 224, 224]", "?" for a side of which nothing is said
};

class Model {
 public:
  /// Error if the file is no ONNX model or has no graph.
  explicit Model(const std::filesystem::path& path);
  /// The same from memory; `where` begins the messages.
  Model(const io::SharedBytes& bytes, const std::string& where);
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  int opset() const;
  std::vector<std::string> inputs() const;
  std::vector<std::string> outputs() const;
  std::vector<TensorInfo> input_tensors() const;
  std::vector<TensorInfo> output_tensors() const;
  /// Whether a node, an input or an initializer makes a tensor of this name.
  bool has(const std::string& tensor) const;

  /// The logits behind an output (that of the only answer if none is named) and the features that its last layer reads: softmaxes,
  /// also written out, are taken back; a tensor that is named and no output is meant as it is. What `export` noted in the metadata comes first. Error that lists the
  /// candidates where it is not certain, and for tensors that are not there.
  Tensors find(const Where& where) const;
  /// The tensors that lie nearest before these logits, for a sentence: those that may be the features.
  std::string before(const std::string& logits) const;
  /// The last layer as the graph has it: logits = features W^T + b, with all constants that it is made of, also those
  /// in few bits. None where it is another function. Error where its weights lie in a file that cannot be read.
  std::optional<Head> head(const Tensors& tensors) const;
  /// What a node is that answers otherwise each time or for each batch, in a model that was written in training mode;
  /// empty: there is none.
  std::string in_training() const;
  std::map<std::string, std::string> metadata() const;

  /// Files beside the model that its weights lie in, by their names in it; each once.
  std::vector<std::string> external_files() const;
  /// SHA-256 of each of them. Error where one is missing or not below the model's folder.
  std::vector<std::string> external_sha256() const;

  /// Takes nodes into the graph, behind its own, under names that it does not have yet. Error for an opset below 11, and
  /// for a graph whose nodes read what nothing gives or wait for one another.
  std::unique_ptr<expr::OnnxWriter> writer();
  /// The tensor of the features: where there are several, what a new node puts side by side, [N, D]. There must be one.
  std::string side_by_side(const std::vector<std::string>& features);
  /// Makes a tensor an output, if it is none yet.
  void expose(const std::string& tensor);
  /// An output of the graph, [N] of TensorProto type 1 (float) or 9 (bool). Error if the name is taken.
  void add_output(const std::string& tensor, const std::string& name, int type);
  /// A float [n] that has a value and may be given as an input, too. Error if the name is taken.
  void add_input_with_default(const std::string& name, const std::vector<float>& values);
  void set_metadata(const std::string& key, const std::string& value);

  /// What makes `outputs` from the tensors `from`, which are its inputs, of these types (TensorProto.DataType) and any
  /// shape. Error where something else is needed.
  Model part(const std::map<std::string, int>& from, const std::vector<std::string>& outputs) const;

  /// Notes in the metadata what the model and the files beside it are now.
  void seal();
  /// Whether it is still what it was when it was sealed; none where it never was.
  std::optional<bool> is_as_sealed() const;

  /// As its file would be. Error above 2 GiB, which protobuf does not write.
  std::string bytes() const;
  /// All or nothing; files beside the model are copied beside the new one, where they are not there yet. Error above
  /// 2 GiB, which protobuf does not write, for files that are missing, cut short, or outside the model's folder, and where
  /// other ones have their names.
  void write(const std::filesystem::path& path) const;

 private:
  struct State;
  class Writer;
  explicit Model(std::unique_ptr<State> state);
  std::string hash_without_seal() const;
  Tensors behind(const std::string& logits) const;
  /// Of a graph that has one answer, whatever stands beside it: its class, or features.
  std::string only_logits() const;
  /// Behind an output: a softmax is taken back.
  std::string logits_of(const std::string& output) const;
  std::unique_ptr<State> state_;
};

}  // namespace nescio::onnx
