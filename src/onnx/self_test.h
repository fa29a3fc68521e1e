// Rows that a model with a detector carries to be checked by, wherever it goes.
#pragma once

#include <string>

#include "base/rng.h"
#include "detectors/saved_detector.h"
#include "onnx/model.h"

namespace nescio::onnx {

/// How far apart two sides are.
struct Agreement {
  std::size_t rows = 0;
  double largest = 0;   // |difference|
  double range = 1;     // of the scores that were expected, at least a hundredth of their size
  double rounding = 0;  // how far scores move where what they are made of is rounded
  double of_range() const { return largest / range; }
  /// `tolerance` of the range, and what rounding leaves open: rows that differ by their last digits have no more.
  bool within(double tolerance) const { return largest <= tolerance * range + 4 * rounding; }
};
Agreement agreement(const std::vector<double>& found, const std::vector<double>& expected);
/// Each number moved up or down by that part of itself.
Array moved(const Array& array, float part, Rng& rng);

/// Whether the detector has seen logarithms of probabilities as logits.
bool reads_log_probabilities(const detectors::SelfTest& self_test);
/// Puts some of the detector's rows and their scores into the metadata (at most 4, and 1 MiB of them).
void carry_self_test(Model& model, const detectors::SelfTest& self_test);
/// The rows that the model carries, through the nodes between its logits and features and ood_score, in ONNX Runtime.
/// Error if it carries none, damaged ones, or ones that do not fit.
Agreement replay_self_test(const Model& model, const std::string& where);

}  // namespace nescio::onnx
