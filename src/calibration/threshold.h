// Thresholds that keep a stated share of ID rows, or catch one of OOD rows.
//
// A row is flagged as OOD if its score is above the threshold. Scores: higher = more OOD.
#pragma once

#include <cstddef>
#include <span>

namespace nescio::calibration {

/// A share that is to hold for rows to come.
struct Promise {
  double share = 0.95;       // of ID rows kept, or of OOD rows caught
  bool guaranteed = false;   // for rows to come, not only for those at hand
  double confidence = 0.95;  // of the guarantee, and of intervals
};

/// How many of n rows a threshold has to have on the promised side: the smallest m with m / n >= share; if it
/// is guaranteed, the smallest m for which the m-th smallest of n scores is, with this confidence and
/// whatever their distribution, at least its quantile at `share` (a distribution-free tolerance limit; Wilks,
/// Annals of Mathematical Statistics 12, 1941): P(Binomial(n, share) < m) >= confidence. The rows are taken to be
/// drawn independently, and those to come from the same source; ties only make the share larger.
/// Error for a share or confidence outside (0, 1), and if n rows are too few, with the number that it takes.
std::size_t rows_needed(std::size_t n, const Promise& promise);

/// The least number of rows with which the promise can be kept.
std::size_t fewest_rows(const Promise& promise);

/// The lowest threshold that keeps the promised share of these ID scores. Error as rows_needed() and
/// for NaN.
double threshold_that_keeps(std::span<const float> id, const Promise& promise);

/// The highest threshold that catches the promised share of these OOD scores: just below one of them. Error
/// as rows_needed() and for NaN.
double threshold_that_catches(std::span<const float> ood, const Promise& promise);

}  // namespace nescio::calibration
