// Calls the program `nescio` and catches what it says.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace nescio {

struct Outcome {
  int code = -1;    // exit code; 128 + signal if it was killed
  std::string out;  // stdout
  std::string log;  // stderr
};

/// Runs `nescio` with these arguments and waits for it.
Outcome nescio_program(const std::vector<std::string>& arguments);
/// The same with stdout going to a file (/dev/full).
Outcome nescio_program_into(const std::string& stdout_path,
                            const std::vector<std::string>& arguments);
/// The same where no file may grow beyond `kilobytes`: a disk that is full.
Outcome nescio_program_on_full_disk(int kilobytes, const std::vector<std::string>& arguments);
/// Sends `signal` as soon as `ready` says so (asked every millisecond), unless it ends before.
Outcome nescio_program_signalled(int signal, const std::function<bool()>& ready,
                                 const std::vector<std::string>& arguments);

/// Expects exit code `code` and exactly one line on stderr, "nescio: ...", that holds each of the
/// words; nothing on stdout.
void expect_refusal(const Outcome& outcome, int code, const std::vector<std::string>& words);

}  // namespace nescio
