// A progress bar on stderr, where that is a terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include "base/progress.h"

namespace nescio {

/// Draws at most ten times a second and wipes its line when it goes.
class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// What a library calls; empty where stderr is no terminal. The bar must outlive it.
  Progress progress();

 private:
  void show(std::string_view what, std::size_t done, std::size_t total);

  bool terminal_;
  bool drawn_ = false;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point next_;
};

/// "[#########.....] 64 %  scoring cifar10/test", `width` characters at most: the bar shrinks, then
/// the words are cut.
std::string draw_bar(std::string_view what, std::size_t done, std::size_t total, std::size_t width);

}  // namespace nescio
