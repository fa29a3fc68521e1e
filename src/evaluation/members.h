// The networks of a bank, one or several side by side, with the detectors that were fitted on what
// each of them says.
#pragma once

#include <string>
#include <vector>

#include "bank/bank_view.h"
#include "base/notice.h"
#include "base/progress.h"
#include "detectors/fitting.h"

namespace nescio::evaluation {

/// Of every split that was asked for, [N] float32 or float64.
using ScoresOfSets = std::vector<Array>;

/// What one detector says.
struct DetectorScores {
  ScoresOfSets sets;
  std::string fault;  // some are NaN or infinite: detector, split, count and first row
};

class Members {
 public:
  /// Fits every spec on each network. Error as fit_detectors(), and if no detector could be fitted on
  /// all of them.
  Members(const bank::BankViews& bank, const detectors::FitSplits& splits,
          const std::vector<std::string>& specs, const detectors::FitSettings& settings,
          const Progress& progress = {});

  /// Whether the spec could be fitted on all of them.
  bool has(const std::string& spec) const;
  /// Why it could not, on the first network that hindered it.
  std::string why_not(const std::string& spec) const;
  /// Why it cannot score these rows, as missing_in() says it; empty if it can.
  std::string missing(const std::string& spec, const std::string& split) const;
  /// What there is to say about these detectors.
  Notices notices(const std::vector<std::string>& specs) const;

  /// Operations of a row on all networks (expr/cost.h). The detector must be there (has()).
  double operations(const std::string& spec) const;
  /// The arrays beside logits and features that it reads on any of them, each once.
  std::vector<std::string> arrays(const std::string& spec) const;

  /// The scores of these detectors from one program that runs over every split once; of several
  /// networks the mean. They all must be there (has()). Holds one score for each detector and row.
  std::vector<DetectorScores> score(const std::vector<std::string>& specs,
                                    const std::vector<std::string>& splits,
                                    const Progress& progress = {}) const;

 private:
  struct Member {
    std::string name;
    bank::BankViews bank;
    detectors::Fits fits;

    /// Where a spec stands among its fits; their number if it could not be fitted.
    std::size_t find(const std::string& spec) const;
    /// "seed1.bank: " before what is to be said of one of several.
    std::string whom() const { return name.empty() ? "" : name + ": "; }
  };
  template <class T>
  std::vector<DetectorScores> score_as(const std::vector<std::string>& specs,
                                       const std::vector<std::string>& splits,
                                       const Progress& progress) const;

  expr::Executor executor_;
  std::vector<Member> members_;
};

}  // namespace nescio::evaluation
