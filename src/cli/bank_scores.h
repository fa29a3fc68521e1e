// A saved detector over the rows of a bank.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bank/bank_view.h"
#include "base/progress.h"
#include "calibration/calibration.h"
#include "detectors/fitting.h"
#include "evaluation/score_stream.h"

namespace nescio::cli {

class BankScores {
 public:
  /// Of these splits. Rows without logits get them from their features and the head, of the bank or of the detector.
  /// Error if a split is not there or empty, or if the bank is of another network than the detector, as far as hashes
  /// and shapes tell; `bank` names it in the message, empty where the rows are of no bank.
  BankScores(detectors::FittedDetector detector, const bank::BankViews& views,
             const std::string& bank, const std::vector<std::string>& splits,
             const expr::Executor& executor = expr::Executor::cpu,
             Communicator& processes = alone());

  /// Hands out the scores of a split, window by window, of which several processes compute a share each. T is float or
  /// double.
  template <class T>
  void stream(const std::string& split, const evaluation::TakeScores<T>& take,
              const Progress& progress) const {
    evaluation::stream_scores(views_.at(split), reads_, *program_, {detector_.chain.spec()}, take,
                              progress, processes_);
  }

  /// All scores of a split, with the class that the network sees in each row, where logits, the head of the bank or that
  /// of the detector say: of several processes the first one knows it.
  calibration::ScoredRows rows(const std::string& split, const Progress& progress) const;

 private:
  std::vector<std::uint32_t> predicted(const std::string& split) const;

  detectors::FittedDetector detector_;
  const bank::BankViews& views_;
  std::unique_ptr<expr::Program> program_;
  std::vector<std::string> reads_;
  Communicator& processes_;
};

}  // namespace nescio::cli
