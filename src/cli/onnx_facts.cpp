#include "base/error.h"
#include "cli/inspection.h"
#include "io/file.h"
#include "io/sha256.h"
#ifdef NESCIO_ONNX
#include "onnx/model.h"
#endif

namespace nescio::cli {

#ifdef NESCIO_ONNX
namespace {

namespace fs = std::filesystem;

Facts tensor_table(const std::vector<onnx::TensorInfo>& tensors) {
  Facts rows = Facts::array();
  for (const onnx::TensorInfo& one : tensors) {
    rows.push_back({{"name", one.name}, {"dtype", one.type}, {"shape", one.shape}});
  }
  return rows;
}

/// What a detector would read, or why nothing is certain.
void add_model_answers(const onnx::Model& model, Facts& facts) {
  try {
    const onnx::Tensors found = model.find({});
    facts["logits"] = found.logits;
    if (found.features.empty()) {
      facts["features"] = "not found; name them with features=, before the logits lie " +
                          model.before(found.logits);
      return;
    }
    facts["features"] = join(found.features, " and ") +
                        (found.maps.value_or(false) ? ", the mean over its places" : "");
    const auto head = model.head(found);
    facts["head"] = head ? text("[", head->weight.rows(), ", ", head->weight.cols(), "]")
                         : "none: the logits are another function of the features";
  } catch (const Error& e) {
    const bool of_head = facts.contains("logits");  // whose weights are not to be had
    facts[of_head ? "head" : "logits"] = text(of_head ? "not read: " : "not found: ", e.what());
  }
}

/// What `export` wrote into it, if it did.
void add_detector(const onnx::Model& model, Facts& facts) {
  const auto metadata = model.metadata();
  const auto add = [&](const char* name, const char* key) {
    const auto found = metadata.find(key);
    if (found != metadata.end()) facts[name] = found->second;
  };
  add("detector", "nescio.detector");
  add("detector_sha256", "nescio.detector_sha256");
  add("threshold", "nescio.threshold");
  add("calibration", "nescio.calibration");
  add("calibration_rows", "nescio.calibration_rows");
  add("exported_by", "nescio.version");
  if (const auto sealed = model.is_as_sealed()) {
    facts["since_export"] = *sealed ? "unchanged" : "changed";
  }
}

}  // namespace

std::optional<Facts> onnx_facts(const fs::path& file) {
  std::optional<onnx::Model> read;
  try {
    read.emplace(file);
  } catch (const Error&) {
    if (file.extension() == ".onnx") throw;
    return std::nullopt;  // of another kind
  }
  Facts facts = {{"kind", "ONNX model"},
                 {"path", file.string()},
                 {"bytes", io::stamp_of(file).bytes},
                 {"sha256", io::sha256_file(file)},
                 {"opset", read->opset()}};
  add_model_answers(*read, facts);
  add_detector(*read, facts);
  if (const auto files = read->external_files(); !files.empty()) {
    facts["weights_in_files"] = join(files);
  }
  facts["inputs"] = tensor_table(read->input_tensors());
  facts["outputs"] = tensor_table(read->output_tensors());
  return facts;
}
#else
std::optional<Facts> onnx_facts(const std::filesystem::path&) { return std::nullopt; }
#endif

}  // namespace nescio::cli
