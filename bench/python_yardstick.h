// The same work in Python, measured by a script between our own rounds.
#pragma once

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

}  // namespace nescio::bench
