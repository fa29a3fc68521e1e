// How good a network's features are as they stand: what is learned without labels is measured with them.
//   knn     vote of the 20 nearest training pictures by cosine, weighted by exp(cosine / 0.07)
//   linear  argmax of W h + b, least squares of one-hot labels on standardised features, ridge 0.001 N
// Wu et al., Unsupervised Feature Learning via Non-Parametric Instance Discrimination, CVPR 2018,
// arXiv:1805.01978, for the vote; least squares in the place of a trained layer has nothing to be tuned.
#pragma once

#include <cstdint>
#include <string>

#include "base/progress.h"
#include "image/datasets/dataset.h"
#include "nn/network.h"
#include "train/device.h"

namespace nescio::train {

struct FrozenFeatures {
  torch::Tensor features;  // [N, D], double, on the CPU
  torch::Tensor labels;    // [N] int64
};

/// Of `most` pictures, evenly spread; 0: all. In evaluation mode, without changes to the pictures.
/// Error for a picture without a label.
FrozenFeatures frozen_features(nn::Network& network, const image::Dataset& pictures,
                               const Upload& upload, std::size_t most, std::size_t batch,
                               std::size_t workers, const Progress& progress = {});

struct FrozenAccuracy {
  double knn = 0, linear = 0;
};

/// Of `test` by what is learned from `train`. O(N M D) and O(N D^2 + D^3).
FrozenAccuracy frozen_accuracy(const FrozenFeatures& train, const FrozenFeatures& test);

}  // namespace nescio::train
