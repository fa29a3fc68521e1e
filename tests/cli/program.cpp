#include "program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "io/test_folder.h"

namespace nescio {
namespace {

void redirect(int descriptor, const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (file < 0 || ::dup2(file, descriptor) < 0) ::_exit(126);
}

/// `meet` is given the running program and returns before it is waited for.
Outcome run(const std::vector<std::string>& arguments, const std::string& stdout_path,
            int kilobytes, const std::function<void(pid_t)>& meet = {}) {
  const io::TestFolder folder;
  const std::string out = stdout_path.empty() ? (folder / "out").string() : stdout_path;
  const std::string log = (folder / "log").string();
  std::vector<std::string> words = {NESCIO_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const pid_t child = ::fork();
  if (child == 0) {
    redirect(STDOUT_FILENO, out);
    redirect(STDERR_FILENO, log);
    if (kilobytes > 0) {
      // Writing beyond the limit then fails as on a full disk, instead of a signal.
      ::signal(SIGXFSZ, SIG_IGN);
      const auto bytes = static_cast<rlim_t>(kilobytes) * 1024;
      const rlimit limit{bytes, bytes};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  if (meet) meet(child);
  int status = 0;
  ::waitpid(child, &status, 0);
  Outcome outcome;
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (stdout_path.empty()) outcome.out = io::read_text(out);
  outcome.log = io::read_text(log);
  return outcome;
}

}  // namespace

Outcome nescio_program(const std::vector<std::string>& arguments) { return run(arguments, "", 0); }

Outcome nescio_program_into(const std::string& stdout_path,
                            const std::vector<std::string>& arguments) {
  return run(arguments, stdout_path, 0);
}

Outcome nescio_program_on_full_disk(int kilobytes, const std::vector<std::string>& arguments) {
  return run(arguments, "", kilobytes);
}

Outcome nescio_program_signalled(int signal, const std::function<bool()>& ready,
                                 const std::vector<std::string>& arguments) {
  return run(arguments, "", 0, [&](pid_t child) {
    const auto has_ended = [&] {
      siginfo_t info{};
      ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT);
      return info.si_pid == child;
    };
    while (!ready() && !has_ended()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ::kill(child, signal);
  });
}

void expect_refusal(const Outcome& outcome, int code, const std::vector<std::string>& words) {
  EXPECT_EQ(outcome.code, code) << outcome.log;
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(outcome.log.starts_with("nescio: ")) << outcome.log;
  EXPECT_EQ(std::ranges::count(outcome.log, '\n'), 1) << outcome.log;
  for (const std::string& word : words) {
    EXPECT_NE(outcome.log.find(word), std::string::npos) << "'" << word << "' in: " << outcome.log;
  }
}

}  // namespace nescio
