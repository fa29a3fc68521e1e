// nescio export DETECTOR onnx=model.onnx out=model_ood.onnx
#include <filesystem>
#include <ostream>

#include "base/numbers.h"
#include "base/version.h"
#include "cli/onnx_part.h"
#include "cli/verb.h"
#include "detectors/saved_calibration.h"
#include "detectors/saved_detector.h"
#include "io/json_file.h"
#ifdef NESCIO_ONNX
#include "onnx/export.h"
#include "onnx/onnx_backbone.h"
#include "onnx/self_test.h"
#endif

namespace nescio::cli::verbs {
namespace {

class Export final : public Verb {
 public:
  std::string detector, onnx, logits, features, calibration, out;

#ifdef NESCIO_ONNX
  void run(Console& console) override {
    const detectors::FittedDetector fitted = detectors::load_detector(detector);
    const detectors::Calibrations known = detectors::load_calibrations(detector);
    const bool calibrated = !known.all.empty() || !calibration.empty();
    const calibration::Calibration* made = calibrated ? &known.find(calibration).made : nullptr;
    nescio::onnx::Model model(onnx);
    const nlohmann::json network = fitted.origin.value("model", nlohmann::json::object());
    warn_of_other_file(network, model, console);
    auto where = nescio::onnx::as_extracted({logits, features}, network, model);
    const detectors::SelfTest self_test = detectors::read_self_test(detector, fitted);
    where.normalised = nescio::onnx::reads_log_probabilities(self_test);
    const auto added = nescio::onnx::add_detector(model, fitted, made, where);
    model.set_metadata("nescio.version", text(version()));
    model.set_metadata("nescio.detector", fitted.chain.spec());
    model.set_metadata("nescio.detector_sha256", detectors::learned_sha256(detector));
    model.set_metadata("nescio.logits", added.logits);
    if (!added.features.empty()) model.set_metadata("nescio.features", added.features);
    if (made) {
      model.set_metadata("nescio.calibration", calibration.empty() ? known.active : calibration);
      model.set_metadata("nescio.calibration_rows", text(made->id().scores.size()));
      model.set_metadata("nescio.threshold", format_number(made->threshold().value));
    }
    if (network.is_object() && network.contains("preprocessing")) {
      model.set_metadata("nescio.preprocessing", io::json_line(network["preprocessing"]));
    }
    nescio::onnx::carry_self_test(model, self_test);
    model.seal();
    model.write(out);
    console.out << out << '\n';
    console.log << fitted.chain.spec() << " reads " << printable(join(added.inputs, " and "))
                << (added.logits == added.read.logits ? "" : " (as log probabilities)")
                << "; new outputs: " << join(added.outputs);
    if (!added.threshold.empty())
      console.log << "; the threshold is the optional input " << added.threshold;
    const auto files = model.external_files();
    if (!files.empty()) console.log << "; its weights lie in " << printable(join(files));
    const auto megabytes = [](const std::string& file) {
      return short_number(static_cast<double>(std::filesystem::file_size(file)) / 1e6);
    };
    console.log << "; " << megabytes(out) << " MB, the model alone " << megabytes(onnx) << '\n';
  }

 private:
  // The same weights may lie in another file, exported anew.
  void warn_of_other_file(const nlohmann::json& network, const nescio::onnx::Model& model,
                          const Console& console) const {
    const bool was_onnx = network.is_object() && network.contains("tensors");
    if (!was_onnx || network.value("weights_sha256", nlohmann::json()) ==
                         nescio::onnx::weights_sha256(onnx, model)) {
      return;
    }
    console.warn(text(detector, " was fitted on another file than ", onnx,
                      ": if its weights are others, extract and fit again with this one"));
  }

#else
  void run(Console&) override { fail_without_onnx(); }
#endif
};

}  // namespace

VerbInfo export_onnx() {
  return describe_verb<Export>(
      {.name = "export",
       .summary = "Put a saved detector into an ONNX model, as further outputs of it.",
       .positional = "detector",
       .details =
           {"Adds ood_score [N], higher = more OOD; where the detector is calibrated also is_ood "
            "[N] "
            "and ood_p_value [N], and the input ood_threshold, which has the calibration's "
            "threshold as "
            "its default. What was there stays as it is; files that its weights lie in are copied "
            "beside the new model.",
            "Logits and features are the tensors that the detector was fitted on, where an ONNX "
            "model "
            "was extracted. Else the logits are found behind the model's only output (a softmax is "
            "taken back), the "
            "features in front of the layer that makes them; where that is not certain, they are "
            "to be "
            "named. The model must be the network that the detector was fitted on."},
       .examples =
           {"nescio export detector onnx=model.onnx out=model_ood.onnx",
            "nescio export detector onnx=model.onnx logits=fc features=pool out=model_ood.onnx"},
       .options = {
           option(&Export::detector,
                  {.name = "detector", .doc = "folder that `fit` wrote", .required = true}),
           option(&Export::onnx, {.name = "onnx", .doc = "the model", .required = true}),
           option(&Export::logits,
                  {.name = "logits", .doc = "tensor or output with the logits; else found"}),
           option(&Export::features,
                  {.name = "features", .doc = "tensor with the features; else found"}),
           option(&Export::calibration,
                  {.name = "calibration", .doc = "name of a calibration; else the active one"}),
           option(&Export::out,
                  {.name = "out", .doc = "file of the new model", .required = true})}});
}

}  // namespace nescio::cli::verbs
