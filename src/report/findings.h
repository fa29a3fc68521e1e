// One evaluation as the sections of the report look at it.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "bank/feature_bank.h"
#include "base/numbers.h"
#include "report/results.h"

namespace nescio {

/// Detectors that a chart shows at most; the tables hold all.
inline constexpr std::size_t charted_detectors = 12;

/// Looks things up in what was measured. Refers to record, bank and roles, which must live on.
class Findings {
 public:
  Findings(const RunRecord& record, const FeatureBank& bank, const Roles& roles);

  const RunRecord& record() const { return record_; }
  const Results& results() const { return record_.results; }
  const FeatureBank& bank() const { return bank_; }
  const Roles& roles() const { return roles_; }
  /// How many networks the scores are of: more than one for an ensemble, of which bank() is the first.
  std::size_t networks() const;

  /// All detectors, the highest mean AUROC over the sets of ranked_by() first; equal ones as asked.
  const std::vector<std::string>& best_first() const { return best_first_; }
  /// The first of these whose scores were kept, charted_detectors of them.
  const std::vector<std::string>& charted() const { return charted_; }
  /// "near", or "far" where there is no near set.
  const std::string& ranked_by() const { return ranked_by_; }

  std::vector<SetInfo> sets(const std::string& role) const;
  /// The roles "near" and "far" that have sets.
  std::vector<std::string> ood_roles() const;
  /// One measured number; null where it was not measured.
  const ResultRow* find(const std::string& detector, const std::string& set,
                        const std::string& role, const std::string& metric) const;
  /// The number of a role as a whole: its only set's (which has an interval) or the mean.
  const ResultRow* of_role(const std::string& detector, const std::string& role,
                           const std::string& metric) const;

  /// [rows of the set]; empty where they were not kept.
  std::vector<double> scores(const std::string& detector, const std::string& set) const;
  /// Those of all sets of a role, one set after the other.
  std::vector<double> role_scores(const std::string& detector, const std::string& role) const;

  /// Name of a class of the ID set: from its data set where that can be opened, or "class 3".
  std::string class_name(std::int64_t label) const;

 private:
  const RunRecord& record_;
  const FeatureBank& bank_;
  const Roles& roles_;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, const ResultRow*> rows_;
  std::string ranked_by_;
  std::vector<std::string> best_first_, charted_;
  std::vector<std::string> class_names_;
};

/// The strictest threshold that keeps at least 95 % of the ID scores: a row with a score above it is
/// flagged. The same as that of the metric fpr95_id. `id` must not be empty.
double threshold_keeping_95(std::vector<double> id);

}  // namespace nescio
