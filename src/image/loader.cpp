#include "image/loader.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/rng.h"

namespace nescio::image {
namespace {
// Keep the random numbers of different uses apart.
constexpr std::uint64_t order_stream = 1;
constexpr std::uint64_t augmentation_stream = 2;
}  // namespace

Loader::Loader(const Dataset& dataset, const Preprocessing& preprocessing,
               const LoaderOptions& options)
    : dataset_(dataset), preprocessor_(preprocessing), options_(options) {
  if (options.batch == 0) fail("loader: expected at least 1 picture per batch, found 0");
  if (options.workers == 0) fail("loader: expected at least 1 worker, found 0");
  if (options.ahead == 0) fail("loader: expected at least 1 batch ahead, found 0");
  epoch_size_ = options.epoch_batches > 0 ? options.epoch_batches * options.batch : dataset.size();
  if (dataset.size() == 0) epoch_size_ = 0;
  const std::size_t left = epoch_size_ - std::min(options.first, epoch_size_);
  per_epoch_ = batches_per_epoch(epoch_size_, options.batch, options.drop_last);
  in_first_epoch_ = batches_per_epoch(left, options.batch, options.drop_last);
  batches_ = options.epochs == 0 ? 0 : in_first_epoch_ + (options.epochs - 1) * per_epoch_;
  if (options.keep) {
    decoded_ = std::make_unique<std::once_flag[]>(dataset.size());
    kept_.resize(dataset.size());
  }
  slots_.resize(options.workers + options.ahead);
  for (std::size_t i = 0; i < std::min(options.workers, batches_); ++i) {
    workers_.emplace_back([this] { work(); });
  }
}

Loader::~Loader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  room_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Loader::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    room_.wait(lock, [&] {
      return stop_ || claimed_ == batches_ || claimed_ < consumed_ + slots_.size();
    });
    if (stop_ || claimed_ == batches_) return;
    const std::size_t number = claimed_++;
    Slot& slot = slots_[number % slots_.size()];
    lock.unlock();
    try {
      fill(number, slot.batch);
    } catch (...) {
      slot.error = std::current_exception();
    }
    lock.lock();
    slot.ready = true;
    ready_.notify_all();
  }
}

std::size_t Loader::batches_per_epoch(std::size_t pictures, std::size_t batch, bool drop_last) {
  return pictures / batch + (!drop_last && pictures % batch != 0);
}

std::shared_ptr<const std::vector<std::size_t>> Loader::permutation(std::size_t epoch) {
  const std::lock_guard lock(order_mutex_);
  auto& order = orders_[epoch];
  if (!order) {
    Rng rng(mix(options_.seed, order_stream), epoch);
    order = std::make_shared<const std::vector<std::size_t>>(rng.permutation(dataset_.size()));
    // Workers are at most a few batches apart, so nobody asks for an older one than the last.
    while (orders_.size() > 2 && orders_.begin()->first + 1 < epoch) orders_.erase(orders_.begin());
  }
  return order;
}

Sample Loader::sample(std::size_t item) {
  const auto decode = [&] {
    Sample sample = dataset_.load(item);
    if (!options_.augmentation.takes_whole_pictures()) {
      sample.image = preprocessor_.fit(std::move(sample.image));
    }
    return sample;
  };
  if (!decoded_) return decode();
  std::call_once(decoded_[item], [&] {
    Sample sample = decode();
    if (sample.image.pixels.size() <= preprocessor_.size()) kept_[item] = std::move(sample);
  });
  return kept_[item].image.pixels.empty() ? decode() : kept_[item];
}

void Loader::fill(std::size_t number, ImageBatch& batch) {
  const std::size_t later = number < in_first_epoch_ ? 0 : number - in_first_epoch_;
  const bool in_first = number < in_first_epoch_;
  const std::size_t epoch = options_.first_epoch + (in_first ? 0 : 1 + later / per_epoch_);
  const std::size_t first =
      in_first ? options_.first + number * options_.batch : later % per_epoch_ * options_.batch;
  const auto shuffled = options_.order == Order::shuffled ? permutation(epoch) : nullptr;
  const std::size_t offset =
      options_.order == Order::from_offset
          ? Rng(mix(options_.seed, order_stream), epoch).below(dataset_.size())
          : 0;
  const std::size_t each = preprocessor_.size();
  batch.count = std::min(options_.batch, epoch_size_ - first);
  batch.images.resize(options_.batch * each);
  batch.labels.resize(batch.count);
  batch.index.resize(batch.count);
  for (std::size_t i = 0; i < batch.count; ++i) {
    const std::size_t place = (offset + first + i) % dataset_.size();
    const std::size_t item = shuffled ? (*shuffled)[place] : place;
    Sample picture = sample(item);
    options_.augmentation.apply(picture.image, preprocessor_.network(),
                                mix(options_.seed, augmentation_stream), epoch, item);
    preprocessor_.normalise(picture.image, std::span(batch.images).subspan(i * each, each));
    batch.labels[i] = picture.label;
    batch.index[i] = picture.index;
  }
  std::fill(batch.images.begin() + static_cast<std::ptrdiff_t>(batch.count * each),
            batch.images.end(), 0.0f);
}

bool Loader::next(ImageBatch& batch) {
  std::unique_lock lock(mutex_);
  if (consumed_ == batches_) return false;
  Slot& slot = slots_[consumed_ % slots_.size()];
  ready_.wait(lock, [&] { return slot.ready; });
  slot.ready = false;
  ++consumed_;
  std::swap(batch, slot.batch);
  const std::exception_ptr error = std::exchange(slot.error, nullptr);
  lock.unlock();
  room_.notify_all();
  if (error) std::rethrow_exception(error);
  return true;
}

}  // namespace nescio::image
