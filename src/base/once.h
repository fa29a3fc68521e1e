// Something that is done once, whoever asks first.
#pragma once

#include <atomic>
#include <mutex>

namespace nescio {

/// The first of several threads does it and the others wait. What has thrown was not done: the next one tries again.
/// std::call_once promises that, too, and hangs in that case with musl's C library and under the thread sanitizer.
class Once {
 public:
  template <class F>
  void operator()(const F& f) {
    if (done_.load(std::memory_order_acquire)) return;
    const std::lock_guard lock(mutex_);
    if (done_.load(std::memory_order_relaxed)) return;
    f();
    done_.store(true, std::memory_order_release);
  }

 private:
  std::atomic<bool> done_ = false;
  std::mutex mutex_;
};

}  // namespace nescio
