// For tests: several processes played by threads of one, of which one runs at a time.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/communicator.h"

namespace nescio {

/// Rank 0 runs until it waits for the others, then rank 1 does, and so on: what they share, such as
/// libtorch's random numbers, is as it is for a process of its own between two such places.
class PlayedProcesses {
 public:
  /// Calls work(communicator) for each rank, and rethrows the first exception.
  static void run(int size, const std::function<void(Communicator&)>& work) {
    PlayedProcesses all(size);
    std::vector<std::thread> threads;
    std::vector<std::exception_ptr> errors(static_cast<std::size_t>(size));
    for (int rank = 0; rank < size; ++rank) {
      threads.emplace_back([&, rank] {
        Played self(all, rank);
        try {
          all.take_turn(rank);
          work(self);
        } catch (...) {
          errors[static_cast<std::size_t>(rank)] = std::current_exception();
        }
        all.leave(rank);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& error : errors) {
      if (error) std::rethrow_exception(error);
    }
  }

 private:
  explicit PlayedProcesses(int size)
      : gone_(static_cast<std::size_t>(size)), values_(static_cast<std::size_t>(size)) {}

  class Played final : public Communicator {
   public:
    Played(PlayedProcesses& all, int rank) : all_(all), rank_(rank) {}
    int rank() const override { return rank_; }
    int size() const override { return static_cast<int>(all_.values_.size()); }
    void sum(std::span<float> values) override { all_.sum(rank_, values); }
    void sum(std::span<double> values) override { all_.sum(rank_, values); }
    void wait_for_all() override { all_.pass_on(rank_); }

   private:
    PlayedProcesses& all_;
    int rank_;
  };

  template <class T>
  void sum(int rank, std::span<T> values) {
    values_[static_cast<std::size_t>(rank)].assign(values.begin(), values.end());
    pass_on(rank);  // all have given theirs when it is this one's turn again
    for (std::size_t i = 0; i < values.size(); ++i) {
      T total = 0;
      for (const auto& given : values_) total += static_cast<T>(given[i]);
      values[i] = total;
    }
    pass_on(rank);  // all have read them
  }

  void take_turn(int rank) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return turn_ == rank; });
  }
  void pass_on(int rank) {
    next();
    take_turn(rank);
  }
  void leave(int rank) {
    {
      const std::lock_guard lock(mutex_);
      gone_[static_cast<std::size_t>(rank)] = true;
    }
    next();
  }
  void next() {
    {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = 0; i < gone_.size(); ++i) {
        turn_ = (turn_ + 1) % static_cast<int>(gone_.size());
        if (!gone_[static_cast<std::size_t>(turn_)]) break;
      }
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int turn_ = 0;
  std::vector<bool> gone_;
  std::vector<std::vector<double>> values_;
};

}  // namespace nescio
