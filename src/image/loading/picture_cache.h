// Pictures as augmentations take them, decoded once where there is room for them.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/once.h"
#include "image/datasets/dataset.h"
#include "image/preprocessing.h"

namespace nescio::image {

/// What is to be done with pictures that were decoded.
struct PictureUse {
  bool whole = false;  // gives them as they are, and not fitted to the network
  bool keep = false;   // in memory, those of at most 3 bytes for each of the network's pixels
};

/// Asks a data set once for each picture that is kept, however many threads want it; for others
/// each time. sample() may be called by several threads.
class PictureCache {
 public:
  /// Both must outlive it.
  PictureCache(const Dataset& dataset, const Preprocessor& preprocessor, PictureUse use);

  /// Picture `item` of the data set. Error if it cannot be read, now and when asked again.
  Sample sample(std::size_t item);

 private:
  Sample decode(std::size_t item) const;

  const Dataset& dataset_;
  const Preprocessor& preprocessor_;
  PictureUse use_;
  std::unique_ptr<Once[]> decoded_;  // by picture, where they are kept
  std::vector<Sample> kept_;         // without pixels: too large
};

}  // namespace nescio::image
