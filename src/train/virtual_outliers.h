// Outliers among features, where each class is least likely.
#pragma once

#include "nn/network.h"

namespace nescio::train {

/// Of each class `select` unlikely features, [C select, D], class by class, the least likely one
/// first. They are the least likely of `sample_from` draws of a normal distribution with the mean of
/// the class and the covariance S that all share,
///   S = mean over all rows of (h - mean_class)(h - mean_class)^T + 1e-4 I,
/// for the features h of the classes, `queues` [C, N, D].
///
/// Only what is kept is drawn in full: the density of a draw m + r L u, S = L L^T, falls with its
/// radius r alone, whose square has the chi-squared distribution of D degrees and does not depend on
/// its direction u. So the largest of `sample_from` radii are drawn, and a direction for each.
/// Cost: C N D^2 for the covariance, C sample_from radii. Draws from libtorch's CPU generator.
/// Du, Wang, Cai, Li, VOS, ICLR 2022, arXiv:2202.01197, section 3.1.
torch::Tensor virtual_outliers(const torch::Tensor& queues, std::int64_t sample_from,
                               std::int64_t select);

}  // namespace nescio::train
