// The rows of a batch on their way to a device, block by block.
#pragma once

#include <c10/core/Event.h>
#include <c10/core/Stream.h>
#include <torch/types.h>

#include <atomic>
#include <exception>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "expr/program.h"

namespace nescio::expr {

/// Blocks of one shape; the last is filled up with zeros. For a GPU, a thread copies a block through pinned memory
/// while the one before is computed; on the CPU blocks are read where they lie.
class TorchFeed {
 public:
  /// `inputs` of the batch, which must outlive this.
  TorchFeed(const Batch& batch, const std::vector<std::string>& inputs, std::size_t rows,
            std::size_t block_rows, const torch::Device& device);
  ~TorchFeed();
  TorchFeed(const TorchFeed&) = delete;
  TorchFeed& operator=(const TorchFeed&) = delete;

  std::size_t blocks() const { return (rows_ + block_rows_ - 1) / block_rows_; }
  /// Rows that there are of the block.
  std::size_t rows_of(std::size_t block) const {
    return std::min(block_rows_, rows_ - block * block_rows_);
  }
  /// Of the next block, [block_rows, width] each, as `inputs`; they hold until the call for the one after it.
  std::vector<torch::Tensor> next();

 private:
  // What a block lies in. There are two, in turn.
  struct Place {
    explicit Place(c10::DeviceType type) : copied(type), computed(type) {}
    std::vector<torch::Tensor> pinned, on_device;
    c10::Event copied, computed;
  };

  std::vector<torch::Tensor> in_place(std::size_t block) const;
  void copy_blocks();
  void stage(std::size_t block);
  void fill(const MatrixView& view, std::size_t block, torch::Tensor& to) const;

  std::vector<MatrixView> inputs_;
  std::size_t rows_, block_rows_;
  torch::Device device_;
  std::size_t next_ = 0;
  // For a GPU.
  std::vector<Place> places_;
  std::optional<c10::Stream> computing_, copying_;
  std::counting_semaphore<> free_{0}, ready_{0};
  std::exception_ptr failure_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace nescio::expr
