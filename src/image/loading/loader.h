// Batches of preprocessed pictures, made by threads of their own while the network works.
//
// Extraction and validation read a data set once, in order. Training reads it again and again, each
// time in another order and, if asked, with random changes; both depend on seed, epoch and picture
// only, so it can begin anywhere and gives the same whatever the number of workers or processes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "image/datasets/dataset.h"
#include "image/loading/batch_order.h"
#include "image/loading/loader_options.h"
#include "image/loading/picture_cache.h"
#include "image/preprocessing.h"

namespace nescio::image {

/// Some pictures of a data set. Each view has `rows` rows, which is batch / parts rounded up, the
/// largest part of a batch. What lies behind its first `count`, or is not read, is 0; a byte of 0 there
/// is black once it is normalised, and not the value 0.
struct ImageBatch {
  std::vector<float> images;  // [views, rows, planes, height, width], or none:
  /// [views, rows, height, width, planes] where options ask for bytes; Preprocessor::tables() has
  /// the value of each.
  std::vector<std::uint8_t> bytes;
  std::vector<std::int64_t> labels;  // [count]
  std::vector<std::int64_t> index;   // [count]: row in the source data; -1: not read
  std::vector<std::int64_t> items;   // [count]: number in the data set
  std::size_t epoch = 0;
  std::size_t count = 0;
};

/// Gives the batches of a data set. What they hold depends on the data set and the options, never on
/// the threads. At most workers + ahead batches are in memory.
class Loader {
 public:
  /// `dataset` must outlive the loader. Error for no pictures per batch, no views, a part that is
  /// none of `parts`, no workers or none ahead.
  Loader(const Dataset& dataset, const Preprocessing& preprocessing, const LoaderOptions& options);
  /// Stops the workers, whatever is left to do.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Puts the next batch into `batch`, whose memory is used again; false at the end.
  /// Rethrows what went wrong with one of its pictures.
  bool next(ImageBatch& batch);

  /// Batches that an epoch of `pictures` has.
  static std::size_t batches_per_epoch(std::size_t pictures, std::size_t batch, bool drop_last) {
    return BatchOrder::batches_per_epoch(pictures, batch, drop_last);
  }

 private:
  /// A place in the ring of batches that are being made or wait.
  struct Slot {
    ImageBatch batch;
    std::exception_ptr error;
    bool ready = false;
  };

  void work();
  void fill(std::size_t number, ImageBatch& batch);
  bool is_read(std::size_t i, const ImageBatch& batch) const;
  void fill_row(std::size_t i, ImageBatch& batch);
  void write(const Image& image, std::size_t row, ImageBatch& batch) const;

  const Dataset& dataset_;
  Preprocessor preprocessor_;
  LoaderOptions options_;
  BatchOrder order_;
  PictureCache pictures_;

  std::mutex mutex_;  // guards what follows, but not the batch of a slot that is not ready
  std::condition_variable room_;
  std::condition_variable ready_;
  std::vector<Slot> slots_;   // batch n goes to slot n % slots
  std::size_t claimed_ = 0;   // batches that workers have begun
  std::size_t consumed_ = 0;  // batches that next() has given
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace nescio::image
