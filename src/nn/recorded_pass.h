// Passes of a network that a GPU does from a record.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "nn/network.h"
#include "nn/recorded_work.h"

namespace nescio::nn {

/// Passes of one size of batch that a GPU plays from a record.
class RecordedPass {
 public:
  /// What forward(images) says, once for all calls whose images have the same shape, which it is for batches that
  /// are filled up. Fewer or more go through as they are.
  template <class Forward>
  NetworkOutputs operator()(const torch::Tensor& images, const Forward& forward) {
    const std::lock_guard lock(mutex_);
    if (!images_.defined() || images_.sizes() != images.sizes()) {
      const bool again = last_ == images.sizes().vec();
      last_ = images.sizes().vec();
      if (work_ || !again || !possible_) return forward(images);
      images_ = images.clone();
      try {
        work_ = std::make_unique<RecordedWork>([&] { said_ = forward(images_); });
      } catch (const c10::Error&) {
        possible_ = false;
        images_.reset();
        return forward(images);
      }
    }
    images_.copy_(images);
    work_->play();
    return {said_.logits.clone(), said_.features.clone()};
  }

 private:
  std::mutex mutex_;
  bool possible_ = true;
  std::vector<std::int64_t> last_;
  torch::Tensor images_;
  NetworkOutputs said_;
  std::unique_ptr<RecordedWork> work_;
};

}  // namespace nescio::nn
