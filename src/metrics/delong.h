// DeLong's confidence interval of the AUROC.
#pragma once

#include <optional>

#include "metrics/proportion.h"
#include "metrics/ranking.h"

namespace nescio {

/// auroc -+ z * standard error, cut to [0, 1]; none where a side has fewer than two rows. The
/// variance is that of DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988), read from mid-ranks
/// (Sun and Xu, IEEE Signal Processing Letters 21, 2014): O(steps) instead of O(id * ood). Of width
/// 0 where the sides are fully separated. Throws Error unless 0 < confidence < 1.
std::optional<Bounds> delong_interval(const Ranking& ranking, double confidence);

}  // namespace nescio
