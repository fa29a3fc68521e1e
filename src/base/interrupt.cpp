#include "base/interrupt.h"

#include <atomic>
#include <csignal>

#include "base/error.h"

namespace nescio {
namespace {
std::atomic<bool> flag{false};

void on_signal(int signal) {
  if (flag.exchange(true)) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}
}  // namespace

void install_interrupt_handler() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() { return flag; }

void check_interrupt() {
  if (flag) throw Interrupted();
}

void request_interrupt() { flag = true; }
void clear_interrupt() { flag = false; }

}  // namespace nescio
