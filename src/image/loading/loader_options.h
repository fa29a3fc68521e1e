// What batches of pictures hold: how many, in what order, which views, in what form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "image/augmentations/augmentation.h"

namespace nescio::image {

/// How an epoch goes through a data set.
enum class Order {
  as_stored,
  shuffled,     // at random, each epoch in another way
  from_offset,  // as stored, from a random picture that each epoch draws anew, and round the end
};

/// Some places of a batch that follow one another.
struct Places {
  std::size_t first = 0, count = 0;
};

struct LoaderOptions {
  std::size_t batch = 128;
  std::size_t first = 0;    // the place in the first epoch's order to begin with
  std::size_t workers = 2;  // threads that decode, resize and normalise
  std::size_t ahead = 2;    // finished batches that may wait

  std::size_t first_epoch = 0;
  std::size_t epochs = 1;                       // how many, the first one included
  std::uint64_t seed = 0;                       // of order and augmentation
  std::optional<std::uint64_t> view_seed = {};  // of the augmentation, where it is another one
  Order order = Order::as_stored;
  bool drop_last = false;  // leaves out the batch at the end of an epoch that is not full
  /// Full batches that an epoch has where it is no pass over the pictures, which are read again
  /// from the start when they end, in the same order; 0: it is one.
  std::size_t epoch_batches = 0;
  // Of the n pictures of each batch, places n part / parts to n (part + 1) / parts - 1, rounded
  // down: the parts that several processes take, joined, are the batch. One of them may be empty.
  std::size_t part = 0;
  std::size_t parts = 1;

  /// Whose pictures are read, of a full batch: of others there is what is known without (item, label),
  /// a row of -1, and as pixels what lies behind a batch. Other batches are read whole. Empty: all.
  std::vector<Places> read = {};

  // Keeps decoded pictures in memory, at most 3 bytes for each of the network's pixels. Those that
  // the augmentation takes whole and that are larger are decoded each time.
  bool keep = false;
  Augmentation augmentation = {};
  std::size_t views = 1;           // of each picture in a batch, each augmented in its own way
  std::size_t distinct_views = 0;  // how many there are before they repeat; 0: endless
  bool bytes = false;              // gives ImageBatch::bytes, for those who normalise elsewhere

  /// The number of view v < views that a batch of `epoch` holds. What a view shows depends on the
  /// seed, this number and the picture only, in whatever order and batches it is read.
  std::size_t view(std::size_t epoch, std::size_t v) const {
    const std::size_t number = epoch * views + v;
    return distinct_views > 0 ? number % distinct_views : number;
  }
};

}  // namespace nescio::image
