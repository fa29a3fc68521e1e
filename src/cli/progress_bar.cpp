#include "cli/progress_bar.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "base/text.h"

namespace nescio {
namespace {
std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}
}  // namespace

std::string draw_bar(std::string_view what, std::size_t done, std::size_t total,
                     std::size_t width) {
  // The words matter more than the bar, which gives way to them.
  const std::size_t around = std::string_view("[] 100 %  ").size() + what.size();
  const std::size_t cells = std::clamp<std::size_t>(width - std::min(width, around), 10, 30);
  const double share =
      total == 0 ? 1.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto full = static_cast<std::size_t>(share * static_cast<double>(cells));
  const auto percent = static_cast<int>(share * 100);
  std::string line = "[" + std::string(full, '#') + std::string(cells - full, '.') + "] ";
  line += text(percent < 100 ? " " : "", percent < 10 ? " " : "", percent, " %  ", what);
  if (line.size() > width) line.resize(width);
  return line;
}

ProgressBar::ProgressBar() : terminal_(isatty(STDERR_FILENO) != 0) {}

ProgressBar::~ProgressBar() {
  if (drawn_) std::cerr << "\r\033[K" << std::flush;
}

Progress ProgressBar::progress() {
  if (!terminal_) return {};
  return [this](std::string_view what, std::size_t done, std::size_t total) {
    show(what, done, total);
  };
}

void ProgressBar::show(std::string_view what, std::size_t done, std::size_t total) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now < next_ && done < total) return;
  next_ = now + std::chrono::milliseconds(100);
  std::cerr << '\r' << draw_bar(what, done, total, terminal_width() - 1) << "\033[K" << std::flush;
  drawn_ = true;
}

}  // namespace nescio
