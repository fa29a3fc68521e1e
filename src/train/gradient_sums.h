// Gradients of several processes, added up while the pass back goes on.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include <torch/types.h>

#include "base/communicator.h"
#include "nn/device_sums.h"

namespace nescio::train {

/// Which parameters share a bucket, from the last one on, since their gradients come in that order: the numbers of
/// those of each bucket. A bucket is closed when it holds `values` numbers.
std::vector<std::vector<std::size_t>> buckets_of(std::span<const std::int64_t> sizes,
                                                 std::int64_t values);

/// The sums over the processes of the gradients of some parameters, the same bits everywhere: by NCCL where each has
/// a GPU (nn::DeviceSums), otherwise in the order of ranks, whatever the buckets. Li et al., PyTorch Distributed,
/// VLDB 2020, arXiv:2006.15704, have such buckets.
/// Cost: one copy of the gradients in memory, two copies a step; without NCCL a thread that waits for the others.
class GradientSums {
 public:
  /// Nothing is done where there is one process.
  GradientSums(Communicator& processes, std::vector<torch::Tensor> parameters);
  /// Waits for the sum that is under way, and begins no other.
  ~GradientSums();
  GradientSums(const GradientSums&) = delete;
  GradientSums& operator=(const GradientSums&) = delete;

  /// Before the last pass back of a step, in which nothing else is summed: a bucket is on its way as soon as its
  /// gradients are complete. Without NCCL gradients on a GPU are not waited for here: finish() takes them.
  void begin();
  /// After it: the gradient of every parameter is the sum over the processes; 0 of one that has none anywhere.
  /// Rethrows what went wrong.
  void finish();

 private:
  class Hook;
  struct Bucket {
    std::vector<std::size_t> parameters;
    torch::Tensor values;     // [of all of them]
    std::size_t missing = 0;  // parameters whose gradients are not in `values`
  };
  struct Place {
    std::size_t bucket = 0;
    std::int64_t first = 0;  // in its values
    bool taken = false;      // the gradient is there
  };

  /// That of the bucket that the gradient goes to.
  torch::Tensor part_of(std::size_t parameter, const torch::Tensor& grad) const;
  void take(std::size_t parameter);
  void launch_complete();
  void wait();
  void work();

  Communicator& processes_;
  std::unique_ptr<nn::DeviceSums> on_device_;  // null: through the host
  std::vector<torch::Tensor> parameters_;
  std::vector<Place> places_;  // by parameter
  std::vector<Bucket> buckets_;
  bool listening_ = false;    // hooks take gradients
  std::size_t launched_ = 0;  // buckets, which go in order

  // Guards what follows; the values of a bucket that is launched and not summed are the thread's.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t wanted_ = 0, summed_ = 0;  // buckets of this step
  std::exception_ptr error_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace nescio::train
