// Private memory of `nescio score` for N and 10 N rows.
//   nescio_memory_bench [PROGRAM]
// RssAnon of /proc, the largest of samples a millisecond apart: mapped files do not count, they
// are the page cache's.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "base/array.h"
#include "io/npy.h"
#include "temporary_folder.h"

namespace nescio::bench {
namespace {

constexpr std::size_t width = 512;
constexpr std::size_t classes = 10;
constexpr std::size_t rows = 20'000;

double anonymous_megabytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::stod(line.substr(8)) / 1024;
  }
  return 0;
}

/// Runs the program without its output; the most private memory that was seen, in MiB.
double run(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t process = 0;
  if (posix_spawn(&process, argv[0], &files, nullptr, argv.data(), environ) != 0) {
    fail("cannot run ", arguments[0], "; give the path of the program");
  }
  posix_spawn_file_actions_destroy(&files);
  double most = 0;
  int state = 0;
  while (waitpid(process, &state, WNOHANG) == 0) {
    most = std::max(most, anonymous_megabytes(process));
    usleep(1000);
  }
  if (state != 0) fail(arguments[0], " ", arguments[1], " failed");
  return most;
}

/// count x columns of noise as FOLDER/NAME, labels counting through the classes beside it.
void write_rows(const std::filesystem::path& path, std::size_t count, std::size_t columns) {
  std::vector<float> values(count * columns);
  std::uint32_t state = 1;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 16777216.0f;
  }
  io::write_npy(path, Array({count, columns}, std::move(values)));
}

void measure(const std::string& program) {
  const TemporaryFolder folder;
  const auto file = [&](const std::string& name) { return (folder.path() / name).string(); };
  const auto import = [&](const std::string& split, std::size_t count) {
    write_rows(file("logits.npy"), count, classes);
    write_rows(file("features.npy"), count, width);
    std::vector<std::int64_t> labels(count);
    for (std::size_t r = 0; r < count; ++r) labels[r] = static_cast<std::int64_t>(r % classes);
    io::write_npy(file("labels.npy"), Array({count}, std::move(labels)));
    run({program, "import", "bank=" + file("bank"), "as=" + split, "logits=" + file("logits.npy"),
         "features=" + file("features.npy"), "labels=" + file("labels.npy")});
  };
  import("noise/train", 5000);
  import("noise/few", rows);
  import("noise/many", 10 * rows);
  std::printf("score, D %zu, C %zu; private memory in MiB\n%-14s %10zu rows %10zu rows   growth\n",
              width, classes, "", rows, 10 * rows);
  for (const char* spec : {"energy", "mahalanobis", "knn"}) {
    run({program, "fit", spec, "bank=" + file("bank"), "train=noise/train", "out=" + file(spec)});
    const auto score = [&](const std::string& split) {
      return run({program, "score", file(spec), "bank=" + file("bank"), "sets=" + split,
                  "out=" + file("scores")});
    };
    const double few = score("noise/few");
    const double many = score("noise/many");
    std::printf("%-14s %15.1f %15.1f   %.2f\n", spec, few, many, many / few);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace nescio::bench

int main(int argc, char** argv) {
  try {
    nescio::bench::measure(argc > 1 ? argv[1] : NESCIO_PROGRAM);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "memory_bench: %s\n", error.what());
    return 1;
  }
}
