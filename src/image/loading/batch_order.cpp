#include "image/loading/batch_order.h"

#include <algorithm>

#include "base/error.h"
#include "base/rng.h"

namespace nescio::image {
namespace {

// Keeps these random numbers apart from those of the augmentation.
constexpr std::uint64_t order_stream = 1;

}  // namespace

BatchOrder::BatchOrder(std::size_t pictures, const LoaderOptions& options)
    : pictures_(pictures), options_(options) {
  if (options.batch == 0) fail("loader: expected at least 1 picture per batch, found 0");
  if (options.part >= options.parts) {
    fail("loader: expected a part below parts=", options.parts, ", found ", options.part);
  }
  epoch_size_ = options.epoch_batches > 0 ? options.epoch_batches * options.batch : pictures;
  if (pictures == 0) epoch_size_ = 0;
  const std::size_t left = epoch_size_ - std::min(options.first, epoch_size_);
  per_epoch_ = batches_per_epoch(epoch_size_, options.batch, options.drop_last);
  in_first_epoch_ = batches_per_epoch(left, options.batch, options.drop_last);
  batches_ = options.epochs == 0 ? 0 : in_first_epoch_ + (options.epochs - 1) * per_epoch_;
}

std::size_t BatchOrder::batches_per_epoch(std::size_t pictures, std::size_t batch, bool drop_last) {
  return pictures / batch + (!drop_last && pictures % batch != 0);
}

std::size_t BatchOrder::rows() const {
  return options_.batch / options_.parts + (options_.batch % options_.parts != 0);
}

BatchOrder::Start BatchOrder::start_of(std::size_t number) const {
  if (number < in_first_epoch_) {
    return {options_.first_epoch, options_.first + number * options_.batch};
  }
  const std::size_t later = number - in_first_epoch_;
  return {options_.first_epoch + 1 + later / per_epoch_, later % per_epoch_ * options_.batch};
}

BatchOrder::Permutation BatchOrder::permutation(std::size_t epoch) {
  const std::lock_guard lock(mutex_);
  Permutation& order = permutations_[epoch];
  if (!order) {
    Rng rng(mix(options_.seed, order_stream), epoch);
    order = std::make_shared<const std::vector<std::size_t>>(rng.permutation(pictures_));
  }
  const Permutation found = order;
  // Workers are at most a few batches apart, so nobody asks for an older one than the last.
  while (permutations_.size() > 2 && permutations_.begin()->first + 1 < epoch) {
    permutations_.erase(permutations_.begin());
  }
  return found;
}

BatchItems BatchOrder::at(std::size_t number) {
  const Start start = start_of(number);
  const Permutation shuffled =
      options_.order == Order::shuffled ? permutation(start.epoch) : nullptr;
  const std::size_t offset =
      options_.order == Order::from_offset
          ? Rng(mix(options_.seed, order_stream), start.epoch).below(pictures_)
          : 0;
  const std::size_t count = std::min(options_.batch, epoch_size_ - start.place);
  const std::size_t end = count * (options_.part + 1) / options_.parts;
  BatchItems batch{start.epoch, {}};
  for (std::size_t i = count * options_.part / options_.parts; i < end; ++i) {
    const std::size_t place = (offset + start.place + i) % pictures_;
    batch.items.push_back(shuffled ? (*shuffled)[place] : place);
  }
  return batch;
}

}  // namespace nescio::image
