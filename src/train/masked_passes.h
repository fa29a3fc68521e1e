// A network under several random masks, over the pictures of a data set.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "image/datasets/dataset.h"
#include "image/loading/loader.h"
#include "train/device.h"
#include "train/masks.h"

namespace nescio::train {

struct MaskedPassOptions {
  MaskSettings mask = {.keep = 0.965};
  std::int64_t masks = 10;
  /// "stored": normalisation by the statistics of the whole network, as in the authors' code of
  /// Unleashing Mask. "recalibrated": by those that the masked network finds on the same pictures, in a
  /// pass before.
  std::string bn = "stored";
  std::string augment = "none";  // specs, those of the training
  std::int64_t seed = 0;         // of masks and augmentation
  std::size_t batch = 256;
  std::size_t workers = 2;
  Progress progress = {};
};

/// A batch under all masks. Labels are [B] int64, all logits [B, C].
struct MaskedBatch {
  const image::ImageBatch& pictures;
  torch::Tensor images, labels;
  std::vector<torch::Tensor> logits = {};  // of each mask
};

/// Calls work() for each batch; false from it ends the pass. Every picture is decoded and augmented once for all masks; the network is the
/// same afterwards, bit for bit. Cost: `masks` passes over the pictures, twice as many where bn is
/// recalibrated; memory of as many copies of the kernels. Returns the number of pictures that were shown. Error for a
/// picture without a label that is one of the network's classes; Interrupted if Ctrl-C is pressed.
std::size_t masked_passes(nn::Network& network, const image::Dataset& dataset, const Upload& upload,
                          const MaskedPassOptions& options,
                          const std::function<bool(const MaskedBatch&)>& work);

}  // namespace nescio::train
