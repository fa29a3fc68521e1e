// Which pictures a batch holds: the order of every epoch, cut into batches and these into parts.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "image/loading/loader_options.h"

namespace nescio::image {

/// The pictures of one batch, or of the part of it that the options name.
struct BatchItems {
  std::size_t epoch = 0;
  std::vector<std::size_t> items;  // their numbers in the data set
};

/// Depends on the options and the number of pictures only. at() may be called by several threads.
class BatchOrder {
 public:
  /// Error for no pictures per batch and for a part that is none of `parts`.
  BatchOrder(std::size_t pictures, const LoaderOptions& options);

  /// Batches of all epochs; as many for every part.
  std::size_t batches() const { return batches_; }
  /// Pictures that the largest part of a batch has: batch / parts, rounded up.
  std::size_t rows() const;
  /// Batch `number` of batches().
  BatchItems at(std::size_t number);

  /// Batches that an epoch of `pictures` has.
  static std::size_t batches_per_epoch(std::size_t pictures, std::size_t batch, bool drop_last);

 private:
  using Permutation = std::shared_ptr<const std::vector<std::size_t>>;

  /// Where a batch begins.
  struct Start {
    std::size_t epoch;
    std::size_t place;  // in the epoch's order
  };
  Start start_of(std::size_t number) const;
  Permutation permutation(std::size_t epoch);

  std::size_t pictures_;
  LoaderOptions options_;
  std::size_t epoch_size_ = 0;  // pictures that an epoch gives, some of them twice if it is long
  std::size_t per_epoch_ = 0;   // batches
  std::size_t in_first_epoch_ = 0;
  std::size_t batches_ = 0;

  std::mutex mutex_;
  std::map<std::size_t, Permutation> permutations_;  // by epoch
};

}  // namespace nescio::image
