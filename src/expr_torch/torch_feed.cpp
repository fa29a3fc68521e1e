#include "expr_torch/torch_feed.h"

#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstring>

#include "base/threads.h"

namespace nescio::expr {

TorchFeed::TorchFeed(const Batch& batch, const std::vector<std::string>& inputs, std::size_t rows,
                     std::size_t block_rows, const torch::Device& device)
    : rows_(rows), block_rows_(block_rows), device_(device) {
  for (const std::string& name : inputs) inputs_.push_back(batch.find(name)->second);
  if (device.is_cpu() || blocks() == 0) return;
  const c10::impl::VirtualGuardImpl streams(device.type());
  computing_ = streams.getStream(device);
  copying_ = streams.getStreamFromGlobalPool(device);
  places_.reserve(2);
  for (std::size_t p = 0; p < std::min<std::size_t>(2, blocks()); ++p) {
    Place& place = places_.emplace_back(device.type());
    for (const MatrixView& view : inputs_) {
      const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(block_rows_),
                                               static_cast<std::int64_t>(view.cols)};
      place.pinned.push_back(at::empty(shape, torch::dtype(torch::kFloat).pinned_memory(true)));
      place.on_device.push_back(at::empty(shape, torch::dtype(torch::kFloat).device(device)));
    }
    // This memory may have been somebody's whose work is not done yet.
    place.computed.record(*computing_);
    free_.release();
  }
  if (blocks() > 1) thread_ = std::thread([this] { copy_blocks(); });
}

TorchFeed::~TorchFeed() {
  if (thread_.joinable()) {
    stopped_ = true;
    free_.release();
    thread_.join();
  }
  for (Place& place : places_) place.copied.synchronize();
}

std::vector<torch::Tensor> TorchFeed::next() {
  const std::size_t block = next_++;
  if (places_.empty()) return in_place(block);
  if (!thread_.joinable()) {  // the only block
    stage(block);
    places_[0].copied.block(*computing_);
    return places_[0].on_device;
  }
  if (block > 0) {
    places_[(block - 1) % 2].computed.record(*computing_);
    free_.release();
  }
  ready_.acquire();
  if (failure_) std::rethrow_exception(failure_);
  Place& place = places_[block % 2];
  place.copied.block(*computing_);
  return place.on_device;
}

std::vector<torch::Tensor> TorchFeed::in_place(std::size_t block) const {
  std::vector<torch::Tensor> values;
  for (const MatrixView& view : inputs_) {
    const auto rows = static_cast<std::int64_t>(block_rows_);
    const auto width = static_cast<std::int64_t>(view.cols);
    if (rows_of(block) < block_rows_) {
      torch::Tensor padded = at::empty({rows, width}, torch::dtype(torch::kFloat));
      fill(view, block, padded);
      values.push_back(padded);
      continue;
    }
    // from_blob wants a pointer to what may be changed; nobody does.
    values.push_back(torch::from_blob(const_cast<float*>(view.row(block * block_rows_)),
                                      {rows, width}, {static_cast<std::int64_t>(view.stride), 1},
                                      torch::dtype(torch::kFloat)));
  }
  return values;
}

void TorchFeed::copy_blocks() {
  for (std::size_t block = 0; block < blocks(); ++block) {
    free_.acquire();
    if (stopped_) return;
    try {
      stage(block);
    } catch (...) {
      failure_ = std::current_exception();
    }
    ready_.release();
    if (failure_) return;
  }
}

void TorchFeed::stage(std::size_t block) {
  Place& place = places_[block % 2];
  if (block >= 2) place.copied.synchronize();  // the pinned memory is read no more
  for (std::size_t i = 0; i < inputs_.size(); ++i) fill(inputs_[i], block, place.pinned[i]);
  const c10::StreamGuard guard(*copying_);
  place.computed.block(*copying_);
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    place.on_device[i].copy_(place.pinned[i], true);
  }
  place.copied.record(*copying_);
}

void TorchFeed::fill(const MatrixView& view, std::size_t block, torch::Tensor& to) const {
  float* out = to.data_ptr<float>();
  const std::size_t first = block * block_rows_, rows = rows_of(block);
  constexpr std::size_t rows_at_once = 64;
  parallel_for((rows + rows_at_once - 1) / rows_at_once, [&](std::size_t piece) {
    const std::size_t end = std::min(rows, (piece + 1) * rows_at_once);
    for (std::size_t r = piece * rows_at_once; r < end; ++r) {
      std::memcpy(out + r * view.cols, view.row(first + r), view.cols * sizeof(float));
    }
  });
  std::memset(out + rows * view.cols, 0, (block_rows_ - rows) * view.cols * sizeof(float));
}

}  // namespace nescio::expr
