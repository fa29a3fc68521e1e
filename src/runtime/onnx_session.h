// ONNX models, run by ONNX Runtime. The library is loaded when the first model is, never linked: a program
// that was linked with one version of it refuses all others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/array.h"

namespace nescio::runtime {

/// The library that this process has loaded or would load.
struct OnnxRuntime {
  std::string version;  // "1.32.0"
  std::filesystem::path file;
};
/// Looks for it, in this order: NESCIO_ONNXRUNTIME (the library or a folder that holds it), where the system
/// looks for libraries, beside the program, where tools/setup puts it, in the package `onnxruntime` of python3.
/// None if there is none. Error if the first is set and does not lead to one that can be used.
std::optional<OnnxRuntime> onnx_runtime();

/// What a model reads or says.
struct OnnxTensor {
  std::string name;
  std::optional<DType> type;        // none for what is no array of numbers
  std::vector<std::int64_t> shape;  // -1: any length
};

/// The number that ONNX has for a type (TensorProto.DataType).
int onnx_type(DType type);

/// "float32 [N, 3, 224, 224]"
std::string to_string(const OnnxTensor& tensor);

/// A model that is ready to run. Several threads may run one at once.
class OnnxSession {
 public:
  /// Of a file's bytes; weights outside them are looked for in `folder`. `where` begins the messages. Runs on
  /// thread_count() threads. Error if ONNX Runtime cannot be had or refuses the model.
  OnnxSession(std::span<const std::uint8_t> model, const std::string& where,
              const std::filesystem::path& folder = {});
  ~OnnxSession();
  OnnxSession(OnnxSession&&) noexcept;
  OnnxSession& operator=(OnnxSession&&) noexcept;

  /// Those that have a default are among the inputs, too.
  const std::vector<OnnxTensor>& inputs() const;
  const std::vector<OnnxTensor>& outputs() const;
  /// These outputs, of these inputs. Error if the runtime refuses to, or for an output that is no array of numbers.
  std::vector<Array> run(const std::map<std::string, Array>& inputs,
                         const std::vector<std::string>& outputs) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nescio::runtime
