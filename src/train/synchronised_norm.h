// Batch normalisation over the rows of several processes.
#pragma once

#include "base/communicator.h"

namespace nescio::train {

/// While it lives, every batch normalisation that its thread computes in training mode is over the rows of
/// all processes at once, and so is its gradient, as in one process with all rows; to rounding. Networks and
/// methods know nothing of it: it stands in the place of libtorch's operator aten::batch_norm. All processes
/// pass through the same layers in the same order. Cost: of a layer of C channels 2 C + 1 doubles are summed
/// on the way forward and 2 C on the way back, for which all wait. Gradients of gradients are refused.
class SynchronisedNorm {
 public:
  /// Does nothing where there is one process.
  explicit SynchronisedNorm(Communicator& processes);
  ~SynchronisedNorm();
  SynchronisedNorm(const SynchronisedNorm&) = delete;
  SynchronisedNorm& operator=(const SynchronisedNorm&) = delete;

 private:
  Communicator* outer_;
};

}  // namespace nescio::train
