// What was learned about a detector's scores on rows that are known to be ID, and what it says of others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "calibration/p_values.h"
#include "calibration/threshold.h"
#include "metrics/bounds.h"
#include "metrics/proportion.h"

namespace nescio::calibration {

/// The scores of known rows, one entry each, and the class that the network predicts for them.
struct ScoredRows {
  std::vector<float> scores;
  std::vector<std::uint32_t> predicted = {};  // empty where it is not known
};

enum class Goal { keep, catches, value };

/// What is asked of a calibration.
struct Request {
  Goal goal = Goal::keep;
  Promise promise = {};          // of keep and catches
  double value = 0;              // the threshold itself
  bool per_class = false;        // thresholds and p-values of each predicted class
  std::size_t class_rows = 100;  // a class with fewer has those of all
  Validity validity = Validity::marginal;
};

/// How many rows lie on the right side of a threshold, with Clopper and Pearson's interval of the true
/// share. For the rows that chose the threshold it is wider than it need be.
struct Rate {
  metrics::Proportion rows;
  metrics::Bounds bounds;
};

/// For rows of one predicted class, or of all.
struct ClassThreshold {
  double value = 0;
  Rate kept;  // of the ID rows of the class
};

/// What the detector answers for one row.
struct Answer {
  double score = 0;
  double threshold = 0;
  bool is_ood = false;
  double p_value = 1;
};

/// A threshold and p-values, made from ID rows (and OOD rows for Goal::catches) that the detector did not learn from.
class Calibration {
 public:
  /// Error as threshold_that_keeps(), threshold_that_catches() and ConformalPValues; for per_class without
  /// predicted classes, and with Goal::catches or Goal::value, which know one threshold.
  Calibration(Request request, ScoredRows id, const ScoredRows& ood = {});

  /// Of a row with this score for which the network predicts this class. Error, as of the two below, for a
  /// class that is not known where classes have their own thresholds.
  Answer answer(double score, std::optional<std::uint32_t> predicted = {}) const;
  /// What such a row is judged by.
  double threshold_of(std::optional<std::uint32_t> predicted) const;
  const ConformalPValues& p_values_of(std::optional<std::uint32_t> predicted) const;

  const Request& request() const { return request_; }
  const ScoredRows& id() const { return id_; }
  /// Of all rows.
  const ClassThreshold& threshold() const { return all_; }
  /// By class; empty for those that have the threshold of all rows.
  const std::vector<std::optional<ClassThreshold>>& by_class() const { return by_class_; }
  /// Of the ID rows under the thresholds that they get.
  const Rate& kept() const { return kept_; }
  /// Of the OOD rows, where there were some.
  const std::optional<Rate>& caught() const { return caught_; }

 private:
  Request request_;
  ScoredRows id_;
  ClassThreshold all_;
  std::vector<std::optional<ClassThreshold>> by_class_;
  ConformalPValues p_values_;
  std::vector<std::optional<ConformalPValues>> p_values_by_class_;
  Rate kept_;
  std::optional<Rate> caught_;
};

/// How many of these rows are flagged. Error as Calibration::answer().
metrics::Proportion flagged(const Calibration& calibration, const ScoredRows& rows);

}  // namespace nescio::calibration
