// Progress on stderr: a bar on a terminal, otherwise a line now and then.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include "base/progress.h"

namespace nescio::cli {

/// Draws at most ten times a second and wipes its line when it goes. Into a file or a pipe it writes
/// a plain line every half minute instead, so that the log of a background job shows how far it is
/// and that of a short one nothing.
class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// What a library calls. The bar must outlive it.
  Progress progress();

 private:
  void show(std::string_view what, std::size_t done, std::size_t total);

  bool terminal_;
  std::chrono::milliseconds pause_;  // between two looks
  bool drawn_ = false;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point next_;
};

/// "nescio: 64 %  scoring cifar10/test"
std::string progress_line(std::string_view what, std::size_t done, std::size_t total);

/// "[#########.....] 64 %  scoring cifar10/test", `width` characters at most: the bar shrinks, then
/// the words are cut.
std::string draw_bar(std::string_view what, std::size_t done, std::size_t total, std::size_t width);

}  // namespace nescio::cli
