// One evaluation as the sections of the report look at it.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "bank/bank_view.h"
#include "base/numbers.h"
#include "report/results.h"

namespace nescio::report {

/// Detectors that a chart shows at most; the tables hold all.
inline constexpr std::size_t charted_detectors = 12;

/// Looks things up in what was measured. Refers to record, bank and roles, which must live on.
class Findings {
 public:
  Findings(const RunRecord& record, const bank::BankViews& bank, const evaluation::Roles& roles);

  const RunRecord& record() const { return record_; }
  const evaluation::Results& results() const { return record_.results; }
  const bank::BankViews& bank() const { return bank_; }
  const evaluation::Roles& roles() const { return roles_; }
  /// How many networks the scores are of: more than one for an ensemble.
  std::size_t networks() const { return bank_.members().size(); }
  /// That the networks tell apart.
  std::size_t classes() const;
  /// What is known of the network: its name, weights, preprocessing; null of an ensemble.
  nlohmann::json model() const;

  /// All detectors, the highest mean AUROC over the sets of ranked_by() first; equal ones as asked.
  const std::vector<std::string>& best_first() const { return best_first_; }
  /// The first of these whose scores were kept, charted_detectors of them.
  const std::vector<std::string>& charted() const { return charted_; }
  /// Whether its scores were kept for every set.
  bool kept(const std::string& detector) const;
  /// "near", or "far" where there is no near set.
  const std::string& ranked_by() const { return ranked_by_; }

  std::vector<evaluation::SetInfo> sets(const std::string& role) const;
  /// The splits whose rows stand in a set, one after the other: of the full spectrum the id split and those
  /// with the role "shifted", else the set itself.
  std::vector<evaluation::SetInfo> splits_of(const evaluation::SetInfo& set) const;
  /// The roles "near" and "far" that have sets.
  std::vector<std::string> ood_roles() const;
  /// One measured number; null where it was not measured.
  const evaluation::ResultRow* find(const std::string& detector, const std::string& set,
                                    const std::string& role, const std::string& metric) const;
  /// The number of a role as a whole: its only set's (which has an interval) or the mean.
  const evaluation::ResultRow* of_role(const std::string& detector, const std::string& role,
                                       const std::string& metric) const;

  /// [rows of the set]; empty where they were not kept.
  std::vector<double> scores(const std::string& detector, const std::string& set) const;
  /// Those of all sets of a role, one set after the other.
  std::vector<double> role_scores(const std::string& detector, const std::string& role) const;

  /// Name of a class of the ID set: from its data set where that can be opened, or "class 3".
  std::string class_name(std::int64_t label) const;

 private:
  const RunRecord& record_;
  const bank::BankViews& bank_;
  const evaluation::Roles& roles_;
  std::map<std::tuple<std::string, std::string, std::string, std::string>,
           const evaluation::ResultRow*>
      rows_;
  std::string ranked_by_;
  std::vector<std::string> best_first_, charted_;
  std::vector<std::string> class_names_;
};

/// The strictest threshold that keeps at least 95 % of the ID scores: a row with a score above it is
/// flagged. The same as that of the metric fpr95_id. `id` must not be empty.
double threshold_keeping_95(std::vector<double> id);

}  // namespace nescio::report
