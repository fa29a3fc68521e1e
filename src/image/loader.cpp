#include "image/loader.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace nescio {

Loader::Loader(const Dataset& dataset, const Preprocessing& preprocessing,
               const LoaderOptions& options)
    : dataset_(dataset), preprocessor_(preprocessing), options_(options) {
  if (options.batch == 0) fail("loader: expected at least 1 picture per batch, found 0");
  if (options.workers == 0) fail("loader: expected at least 1 worker, found 0");
  if (options.ahead == 0) fail("loader: expected at least 1 batch ahead, found 0");
  const std::size_t left = dataset.size() - std::min(options.first, dataset.size());
  batches_ = left / options.batch + (left % options.batch != 0);
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

void Loader::fill(std::size_t number, ImageBatch& batch) const {
  const std::size_t first = options_.first + number * options_.batch;
  const std::size_t each = preprocessor_.size();
  batch.count = std::min(options_.batch, dataset_.size() - first);
  batch.images.resize(options_.batch * each);
  batch.labels.resize(batch.count);
  batch.index.resize(batch.count);
  for (std::size_t i = 0; i < batch.count; ++i) {
    const Sample sample = dataset_.load(first + i);
    preprocessor_.apply(sample.image, std::span(batch.images).subspan(i * each, each));
    batch.labels[i] = sample.label;
    batch.index[i] = sample.index;
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

}  // namespace nescio
