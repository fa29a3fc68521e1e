// The program `nescio` while it runs: what it is told on standard input, and what it says on standard output.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace nescio {

class RunningProgram {
 public:
  explicit RunningProgram(const std::vector<std::string>& arguments);
  /// Kills it, if it still runs.
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  void write(const std::string& text) const;
  void close_input();
  /// The next line of its output, waited for; empty at its end.
  std::string read_line();
  void signal(int number) const;
  /// Waits for its end: exit code, or 128 + signal.
  int wait();

 private:
  pid_t child_ = -1;
  int input_ = -1, output_ = -1;
  std::string buffer_;
};

}  // namespace nescio
