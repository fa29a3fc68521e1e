// Batches of preprocessed pictures, made by threads of their own while the network works.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "image/dataset.h"
#include "image/preprocessing.h"

namespace nescio {

/// Pictures first .. first + count - 1 of a data set.
struct ImageBatch {
  std::vector<float> images;         // [batch, 3, height, width]; zero behind `count`
  std::vector<std::int64_t> labels;  // [count]
  std::vector<std::int64_t> index;   // [count]: row in the source data
  std::size_t count = 0;
};

struct LoaderOptions {
  std::size_t batch = 128;
  std::size_t first = 0;    // the picture to begin with
  std::size_t workers = 2;  // threads that decode, resize and normalise
  std::size_t ahead = 2;    // finished batches that may wait
};

/// Gives the batches of a data set in order. What a batch holds depends on the data set, `batch`
/// and `first` only, never on the threads. At most workers + ahead batches are in memory.
class Loader {
 public:
  /// `dataset` must outlive the loader. Error for no pictures per batch, no
  /// workers or none ahead.
  Loader(const Dataset& dataset, const Preprocessing& preprocessing, const LoaderOptions& options);
  /// Stops the workers, whatever is left to do.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Puts the next batch into `batch`, whose memory is used again; false at the end.
  /// Rethrows what went wrong with one of its pictures.
  bool next(ImageBatch& batch);

 private:
  /// A place in the ring of batches that are being made or wait.
  struct Slot {
    ImageBatch batch;
    std::exception_ptr error;
    bool ready = false;
  };

  void work();
  void fill(std::size_t number, ImageBatch& batch) const;

  const Dataset& dataset_;
  Preprocessor preprocessor_;
  LoaderOptions options_;
  std::size_t batches_ = 0;

  std::mutex mutex_;  // guards what follows, but not the batch of a slot that is not ready
  std::condition_variable room_;
  std::condition_variable ready_;
  std::vector<Slot> slots_;   // batch n goes to slot n % slots
  std::size_t claimed_ = 0;   // batches that workers have begun
  std::size_t consumed_ = 0;  // batches that next() has given
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace nescio
