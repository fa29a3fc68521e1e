// DeLong's confidence interval of the AUROC.
#pragma once

#include <optional>
#include <span>

#include "metrics/bounds.h"
#include "metrics/ranking.h"

namespace nescio::metrics {

/// auroc -+ z * standard error, cut to [0, 1]; none where a side has fewer than two rows. The
/// variance is that of DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988), read from mid-ranks
/// (Sun and Xu, IEEE Signal Processing Letters 21, 2014): O(steps) instead of O(id * ood). Of width
/// 0 where the sides are fully separated. Throws Error unless 0 < confidence < 1.
std::optional<Bounds> delong_interval(const Ranking& ranking, double confidence);

/// The same of a weighted sum of areas whose scores share rows: a mean over OOD sets or networks, a
/// difference between two. All covariances of the paper count, of ID and of OOD rows, since every row
/// gives its placements under all scores to the sum together. Cut to what the weights allow.
/// O(terms * rows). Error if terms of one number have not as many rows.
std::optional<Bounds> delong_interval(std::span<const RankingTerm> terms, double confidence);

}  // namespace nescio::metrics
