#include "image/loading/loader.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/rng.h"

namespace nescio::image {
namespace {

// Keeps these random numbers apart from those of the order.
constexpr std::uint64_t augmentation_stream = 2;

/// Of each view, row `row`; `values` may be empty.
template <class Value>
void clear_row(std::size_t row, std::size_t rows, std::size_t views, std::vector<Value>& values) {
  const std::size_t each = values.size() / (views * rows);
  for (std::size_t v = 0; v < views; ++v) {
    std::fill_n(values.data() + (v * rows + row) * each, each, Value{});
  }
}

}  // namespace

Loader::Loader(const Dataset& dataset, const Preprocessing& preprocessing,
               const LoaderOptions& options)
    : dataset_(dataset),
      preprocessor_(preprocessing),
      options_(options),
      order_(dataset.size(), options),
      pictures_(dataset, preprocessor_,
                {.whole = options.augmentation.takes_whole_pictures(), .keep = options.keep}) {
  if (options.views == 0) fail("loader: expected at least 1 view, found 0");
  if (options.workers == 0) fail("loader: expected at least 1 worker, found 0");
  if (options.ahead == 0) fail("loader: expected at least 1 batch ahead, found 0");
  slots_.resize(options.workers + options.ahead);
  for (std::size_t i = 0; i < std::min(options.workers, order_.batches()); ++i) {
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
      return stop_ || claimed_ == order_.batches() || claimed_ < consumed_ + slots_.size();
    });
    if (stop_ || claimed_ == order_.batches()) return;
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

void Loader::fill(std::size_t number, ImageBatch& batch) {
  const BatchItems of = order_.at(number);
  batch.epoch = of.epoch;
  batch.count = of.items.size();
  batch.items.assign(of.items.begin(), of.items.end());
  batch.labels.resize(batch.count);
  batch.index.resize(batch.count);
  const std::size_t values = options_.views * order_.rows() * preprocessor_.size();
  batch.images.resize(options_.bytes ? 0 : values);
  batch.bytes.resize(options_.bytes ? values : 0);
  for (std::size_t i = 0; i < order_.rows(); ++i) {
    if (is_read(i, batch)) {
      fill_row(i, batch);
      continue;
    }
    clear_row(i, order_.rows(), options_.views, batch.images);
    clear_row(i, order_.rows(), options_.views, batch.bytes);
    if (i >= batch.count) continue;
    batch.labels[i] = dataset_.label(static_cast<std::size_t>(batch.items[i]));
    batch.index[i] = -1;
  }
}

bool Loader::is_read(std::size_t i, const ImageBatch& batch) const {
  if (options_.read.empty() || batch.count < order_.rows()) return i < batch.count;
  return std::ranges::any_of(options_.read,
                             [&](const Places& places) { return i - places.first < places.count; });
}

void Loader::fill_row(std::size_t i, ImageBatch& batch) {
  const auto item = static_cast<std::size_t>(batch.items[i]);
  Sample picture = pictures_.sample(item);
  batch.labels[i] = picture.label;
  batch.index[i] = picture.index;
  for (std::size_t v = 0; v < options_.views; ++v) {
    const bool last = v + 1 == options_.views;
    Image view = last ? std::move(picture.image) : picture.image;
    options_.augmentation.apply(
        view, preprocessor_.network(),
        mix(options_.view_seed.value_or(options_.seed), augmentation_stream),
        options_.view(batch.epoch, v), item);
    write(view, v * order_.rows() + i, batch);
  }
}

void Loader::write(const Image& image, std::size_t row, ImageBatch& batch) const {
  const std::size_t each = preprocessor_.size();
  if (options_.bytes) {
    preprocessor_.interleave(image, std::span(batch.bytes).subspan(row * each, each));
  } else {
    preprocessor_.normalise(image, std::span(batch.images).subspan(row * each, each));
  }
}

bool Loader::next(ImageBatch& batch) {
  std::unique_lock lock(mutex_);
  if (consumed_ == order_.batches()) return false;
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
