// How well a network still knows its training pictures with a part of its kernels masked: the level of loss
// at which Unleashing Mask has it forget.
//   b = mean over masks and pictures of CE(f(T(x); W * m), y)
// with random masks m and the training's augmentation T. Zhu et al., Unleashing Mask: Explore the Intrinsic
// Out-of-Distribution Detection Capability, ICML 2023, arXiv:2306.03715. The authors' code draws one mask and
// no seed; single masks differ by a factor of 2, so several are drawn here and their spread is told.
#pragma once

#include <vector>

#include "train/masked_passes.h"

namespace nescio::train {

struct ForgetThreshold {
  double keep = 1;
  std::vector<double> losses, accuracies;  // of each mask, over all pictures
  std::size_t pictures = 0;

  double mean() const;
  double deviation() const;  // of the losses, over the masks; 0 of one
  double accuracy() const;   // mean
};

/// Under the masks of masked_passes(), whose cost and Errors it has.
ForgetThreshold estimate_forget_threshold(nn::Network& network, const image::Dataset& dataset,
                                          const Upload& upload, const MaskedPassOptions& options);

/// The smallest `keep`, to a thousandth, at which the accuracy of the masked network is at least `target` in
/// the mean over the masks, by bisection: masks of one seed lie within each other. Cost: ten estimates at most, of which
/// those that miss the target end as soon as that is sure.
/// Error if the whole network does not reach the target.
ForgetThreshold threshold_for_accuracy(nn::Network& network, const image::Dataset& dataset,
                                       const Upload& upload, MaskedPassOptions options,
                                       double target);

}  // namespace nescio::train
