// Batches of preprocessed pictures, made by threads of their own while the network works.
//
// Extraction and validation read a data set once, in order. Training reads it again and again, each
// time in another order and, if asked, with random changes; both depend on (seed, epoch, picture)
// only, so it can begin anywhere and gives the same whatever the number of workers.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "image/augmentation.h"
#include "image/dataset.h"
#include "image/preprocessing.h"

namespace nescio::image {

/// Some pictures of a data set.
struct ImageBatch {
  std::vector<float> images;         // [batch, planes, height, width]; zero behind `count`
  std::vector<std::int64_t> labels;  // [count]
  std::vector<std::int64_t> index;   // [count]: row in the source data
  std::size_t count = 0;
};

/// How an epoch goes through a data set.
enum class Order {
  as_stored,
  shuffled,     // at random, each epoch in another way
  from_offset,  // as stored, from a random picture that each epoch draws anew, and round the end
};

struct LoaderOptions {
  std::size_t batch = 128;
  std::size_t first = 0;    // the place in the first epoch's order to begin with
  std::size_t workers = 2;  // threads that decode, resize and normalise
  std::size_t ahead = 2;    // finished batches that may wait

  std::size_t first_epoch = 0;
  std::size_t epochs = 1;  // how many, the first one included
  std::uint64_t seed = 0;  // of order and augmentation
  Order order = Order::as_stored;
  bool drop_last = false;  // leaves out the batch at the end of an epoch that is not full
  /// Full batches that an epoch has where it is no pass over the pictures, which are read again
  /// from the start when they end, in the same order; 0: it is one.
  std::size_t epoch_batches = 0;
  // Keeps decoded pictures in memory, at most 3 bytes for each of the network's pixels. Those that
  // the augmentation takes whole and that are larger are decoded each time.
  bool keep = false;
  Augmentation augmentation = {};
};

/// Gives the batches of a data set. What they hold depends on the data set and the options, never on
/// the threads. At most workers + ahead batches are in memory.
class Loader {
 public:
  /// `dataset` must outlive the loader. Error for no pictures per batch, no workers or none ahead.
  Loader(const Dataset& dataset, const Preprocessing& preprocessing, const LoaderOptions& options);
  /// Stops the workers, whatever is left to do.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Puts the next batch into `batch`, whose memory is used again; false at the end.
  /// Rethrows what went wrong with one of its pictures.
  bool next(ImageBatch& batch);

  /// Batches that an epoch of `pictures` has.
  static std::size_t batches_per_epoch(std::size_t pictures, std::size_t batch, bool drop_last);

 private:
  /// A place in the ring of batches that are being made or wait.
  struct Slot {
    ImageBatch batch;
    std::exception_ptr error;
    bool ready = false;
  };

  void work();
  void fill(std::size_t number, ImageBatch& batch);
  std::shared_ptr<const std::vector<std::size_t>> permutation(std::size_t epoch);
  Sample sample(std::size_t item);

  const Dataset& dataset_;
  Preprocessor preprocessor_;
  LoaderOptions options_;
  std::size_t epoch_size_ = 0;  // pictures that an epoch gives, some of them twice if it is long
  std::size_t per_epoch_ = 0;   // batches
  std::size_t in_first_epoch_ = 0;
  std::size_t batches_ = 0;  // of all epochs

  std::mutex order_mutex_;
  std::map<std::size_t, std::shared_ptr<const std::vector<std::size_t>>> orders_;  // by epoch
  std::unique_ptr<std::once_flag[]> decoded_;  // by picture, where they are kept
  std::vector<Sample> kept_;

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
