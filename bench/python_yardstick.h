// The same work in Python, measured by a script between our own rounds or round by round.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/threads.h"
#include "io/json_file.h"

namespace nescio::bench {

/// The interpreter that NESCIO_PYTHON names; without it comparisons with Python are left out.
inline std::optional<std::string> python() {
  const char* path = std::getenv("NESCIO_PYTHON");
  if (!path) return std::nullopt;
  return path;
}

/// Runs bench/yardsticks/SCRIPT with a folder of .npy files, our number of threads and further arguments;
/// it prints one JSON object. Throws Error if it fails.
inline nlohmann::json run_python(const std::string& script, const std::filesystem::path& folder,
                                 const std::vector<std::string>& arguments = {}) {
  const std::string threads = std::to_string(thread_count());
  std::string command = "OMP_NUM_THREADS=" + threads + " PYTHONPATH='" NESCIO_BENCH_SCRIPTS "' '" +
                        python().value() + "' '" + NESCIO_BENCH_SCRIPTS "/" + script + "' '" +
                        folder.string() + "' " + threads;
  for (const std::string& argument : arguments) command += " '" + argument + "'";
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) fail("cannot run ", command);
  std::string output;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof(buffer), pipe)) {
    output.append(buffer, n);
  }
  if (pclose(pipe) != 0) fail(command, " failed: ", output);
  return io::parse_json(output, script);
}

/// A script of bench/yardsticks that stays alive and answers each line that it is given with one line.
class PythonProcess {
 public:
  PythonProcess(const std::string& script, const std::vector<std::string>& arguments)
      : script_(script) {
    const std::string interpreter = python().value();
    const std::string path = NESCIO_BENCH_SCRIPTS "/" + script;
    std::vector<char*> argv = {const_cast<char*>(interpreter.c_str()),
                               const_cast<char*>(path.c_str())};
    for (const std::string& argument : arguments) {
      argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    const std::string threads = std::to_string(thread_count());
    std::signal(SIGPIPE, SIG_IGN);  // a script that has ended gives no answer, which is an Error
    int to[2], from[2];
    if (pipe(to) != 0 || pipe(from) != 0) fail("no pipe");
    child_ = fork();
    if (child_ == 0) {
      dup2(to[0], STDIN_FILENO);
      dup2(from[1], STDOUT_FILENO);
      close(to[1]);
      close(from[0]);
      setenv("OMP_NUM_THREADS", threads.c_str(), 1);
      setenv("PYTHONPATH", NESCIO_BENCH_SCRIPTS, 1);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(to[0]);
    close(from[1]);
    to_ = fdopen(to[1], "w");
    from_ = fdopen(from[0], "r");
  }
  ~PythonProcess() {
    std::fclose(to_);
    std::fclose(from_);
    waitpid(child_, nullptr, 0);
  }
  PythonProcess(const PythonProcess&) = delete;
  PythonProcess& operator=(const PythonProcess&) = delete;

  std::string answer(const std::string& question) {
    std::fprintf(to_, "%s\n", question.c_str());
    std::fflush(to_);
    std::string line;
    int c;
    while ((c = std::fgetc(from_)) != EOF && c != '\n') line += static_cast<char>(c);
    if (c == EOF) fail(script_, " gave no answer to ", question);
    return line;
  }

 private:
  std::string script_;
  pid_t child_ = 0;
  FILE* to_ = nullptr;
  FILE* from_ = nullptr;
};

}  // namespace nescio::bench
