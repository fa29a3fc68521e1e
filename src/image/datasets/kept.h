// Pictures that several passes read, and decode once.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "image/datasets/dataset.h"

namespace nescio::image {

/// Memory that several data sets share. May be used by several threads at once.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t bytes) : left_(static_cast<std::int64_t>(bytes)) {}
  /// Whether there was room for so much, which is then gone.
  bool take(std::size_t bytes) {
    const auto wanted = static_cast<std::int64_t>(bytes);
    if (left_.fetch_sub(wanted) >= wanted) return true;
    left_ += wanted;
    return false;
  }

 private:
  std::atomic<std::int64_t> left_;
};

/// The same pictures, each decoded once and kept as long as the budget has room; those without a place
/// are decoded each time. hash() is computed once.
std::unique_ptr<Dataset> kept_in_memory(std::unique_ptr<Dataset> source,
                                        std::shared_ptr<MemoryBudget> budget);

}  // namespace nescio::image
