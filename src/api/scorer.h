// A saved detector prepared to answer for rows that come one at a time or many at once.
#pragma once

#include <nescio/nescio.h>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "calibration/calibration.h"
#include "detectors/fitting.h"
#include "detectors/saved_calibration.h"

namespace nescio::api {

/// The arrays that scoring reads by default, with their widths.
std::vector<std::pair<std::string, std::size_t>> inputs_of(
    const detectors::FittedDetector& detector);

/// Any number of threads may ask at once.
class Scorer {
 public:
  struct Options {
    std::string calibration = {};          // name of one; empty: the active one, if there is any
    std::optional<double> threshold = {};  // in place of the calibration's
  };

  /// Error for a calibration that is not there, and for a threshold that is not finite.
  Scorer(std::shared_ptr<const detectors::FittedDetector> detector,
         const detectors::Calibrations& known, const Options& options);
  ~Scorer();

  const std::string& spec() const { return detector_->chain.spec(); }
  const std::vector<std::pair<std::string, std::size_t>>& inputs() const { return inputs_; }

  /// Error, and no answer is written, if an array is missing, unknown, of another shape or not finite, or a score is
  /// not finite. Up to few_rows are computed by this thread and, from the second time on, without allocating.
  void answer(std::span<const nescio_array> arrays, std::span<nescio_answer> answers) const;
  void score(std::span<const nescio_array> arrays, std::span<float> scores) const;
  /// Scores and, where it is known, the class that the network sees; none of no arrays.
  calibration::ScoredRows scored(std::span<const nescio_array> arrays) const;

  static constexpr std::size_t few_rows = 16;

 private:
  struct Rows;   // what was given
  struct Way;    // programs that read the same arrays
  struct Space;  // of one call

  Rows check(std::span<const nescio_array> arrays, std::size_t rows) const;
  template <class Take>
  void run(std::span<const nescio_array> arrays, std::size_t rows, const Take& take) const;
  nescio_answer judged(double score, std::optional<std::uint32_t> predicted) const;

  std::shared_ptr<const detectors::FittedDetector> detector_;
  std::vector<std::pair<std::string, std::size_t>> inputs_;
  std::optional<calibration::Calibration> calibration_;
  std::optional<double> threshold_;
  std::vector<std::string> class_names_;
  std::unique_ptr<Way> network_;  // logits are the network's
  std::unique_ptr<Way> head_;     // logits follow from the head; null where there is none
};

}  // namespace nescio::api
