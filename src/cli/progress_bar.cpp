#include "cli/progress_bar.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "base/text.h"

namespace nescio::cli {
namespace {
std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

/// Of `total`, in [0, 1].
double share_of(std::size_t done, std::size_t total) {
  if (total == 0) return 1;
  return std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
}

int percent_of(std::size_t done, std::size_t total) {
  return static_cast<int>(share_of(done, total) * 100);
}
}  // namespace

std::string progress_line(std::string_view what, std::size_t done, std::size_t total) {
  return text("nescio: ", percent_of(done, total), " %  ", printable(what));
}

std::string draw_bar(std::string_view name, std::size_t done, std::size_t total,
                     std::size_t width) {
  const std::string what = printable(name);
  // The words matter more than the bar, which gives way to them.
  const std::size_t around = std::string_view("[] 100 %  ").size() + what.size();
  const std::size_t cells = std::clamp<std::size_t>(width - std::min(width, around), 10, 30);
  const auto full = static_cast<std::size_t>(share_of(done, total) * static_cast<double>(cells));
  const int percent = percent_of(done, total);
  std::string line = "[" + std::string(full, '#') + std::string(cells - full, '.') + "] ";
  line += text(percent < 100 ? " " : "", percent < 10 ? " " : "", percent, " %  ", what);
  if (line.size() > width) {
    while (width > 0 && (line[width] & 0xC0) == 0x80) --width;  // a character is not cut in two
    line.resize(width);
  }
  return line;
}

ProgressBar::ProgressBar()
    : terminal_(isatty(STDERR_FILENO) != 0),
      pause_(terminal_ ? 100 : 30'000),
      next_(std::chrono::steady_clock::now() +
            (terminal_ ? std::chrono::milliseconds(0) : pause_)) {}

ProgressBar::~ProgressBar() {
  if (drawn_) std::cerr << "\r\033[K" << std::flush;
}

Progress ProgressBar::progress() {
  return [this](std::string_view what, std::size_t done, std::size_t total) {
    show(what, done, total);
  };
}

void ProgressBar::show(std::string_view what, std::size_t done, std::size_t total) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now < next_ && (done < total || !terminal_)) return;
  next_ = now + pause_;
  if (!terminal_) {
    std::cerr << progress_line(what, done, total) << std::endl;
    return;
  }
  std::cerr << '\r' << draw_bar(what, done, total, terminal_width() - 1) << "\033[K" << std::flush;
  drawn_ = true;
}

}  // namespace nescio::cli
