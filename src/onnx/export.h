// A fitted detector inside somebody's model.
#pragma once

#include <string>
#include <vector>

#include "calibration/calibration.h"
#include "detectors/fitting.h"
#include "onnx/model.h"

namespace nescio::onnx {

/// What was added.
struct Added {
  Tensors read;          // where logits and features are
  std::string logits;    // the tensor of the logits as they are read, which may be a new one
  std::string features;  // the tensor of the features; empty: none, or several that are not read
  std::vector<std::string> inputs;  // those of them that it reads
  std::vector<std::string> outputs;
  std::string threshold;  // the input with a default; empty without a calibration
};

/// Adds to the model the outputs ood_score [N] float (higher = more OOD) and, with a calibration, is_ood [N] bool and
/// ood_p_value [N] float. The threshold (of each class, where it is so calibrated) is the input ood_threshold, whose default is
/// that of the calibration. Logits and features may be of any float type and of shape [N, C, 1, 1], too.
/// where.logarithm and where.normalised bring the logits to what the detector has seen where it was fitted.
/// Error for a detector that reads arrays of further passes, for features that are not found, and for a model of
/// another number of classes or features than the detector's, as far as its last layer tells.
Added add_detector(Model& model, const detectors::FittedDetector& detector,
                   const calibration::Calibration* calibration, const Where& where);

}  // namespace nescio::onnx
