// A saved detector over rows in memory, made ready once: for those who are asked again and again.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/array.h"
#include "calibration/calibration.h"
#include "detectors/fitting.h"

namespace nescio::serving {

/// Several threads may ask it.
class RowScorer {
 public:
  explicit RowScorer(detectors::FittedDetector detector);

  /// Of rows whose arrays these are, "features" [N, D], "logits" [N, C] and what probes add, float32; with the class of
  /// the largest logit where there are logits. Where there are features and no logits and the detector has a head, they
  /// follow from these, whatever its score reads. The numbers are those of BankScores, of up to 16
  /// rows within some 1e-6 of their range. Error if an array is missing, has another width or
  /// number of rows than it should, or holds NaN or infinity, and for a score that is not finite.
  calibration::ScoredRows score(const std::map<std::string, Array>& arrays) const;

  /// What score() takes, with the width of each; 0: any, of what the detector does not read.
  std::map<std::string, std::size_t> widths() const;
  const detectors::FittedDetector& detector() const { return detector_; }

 private:
  struct Way {
    std::unique_ptr<expr::Program> many, few;
    std::vector<std::string> reads;
  };
  Way way(detectors::LogitsFrom logits) const;

  detectors::FittedDetector detector_;
  Way from_network_, from_head_;  // the second one only where there is a head
};

}  // namespace nescio::serving
