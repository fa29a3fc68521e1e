// The processes that work on one job together.
#pragma once

#include <cstddef>
#include <span>

namespace nescio {

/// What they do together. Each calls the same functions in the same order, with spans of the same
/// lengths; each waits for the others.
class Communicator {
 public:
  virtual ~Communicator() = default;
  /// 0 .. size() - 1. Rank 0 writes files and talks to the user.
  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// The sum over all, in the order of their ranks, to each: the same bits everywhere.
  virtual void sum(std::span<float> values) = 0;
  virtual void sum(std::span<double> values) = 0;
  /// Returns when all have called it.
  virtual void wait_for_all() = 0;

  bool is_first() const { return rank() == 0; }
};

/// A process that works alone.
Communicator& alone();

/// Of `count` things in order, those of rank r are first .. first + count - 1; their numbers differ by
/// one at most.
struct Share {
  std::size_t first = 0, count = 0;
};
Share share_of(const Communicator& processes, std::size_t count);

}  // namespace nescio
