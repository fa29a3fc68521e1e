// Runs a fuzz target over stored inputs: replay FILE_OR_FOLDER...
//
// An input may take so much memory (NESCIO_REPLAY_GIB, where no sanitizer maps more by itself) and so much
// time of the processor: a reader that is led to spend more fails like one that crashes.
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr unsigned max_seconds = 5;

void limit_memory() {
#ifdef NESCIO_REPLAY_GIB
  const rlimit limit{rlim_t{NESCIO_REPLAY_GIB} << 30, rlim_t{NESCIO_REPLAY_GIB} << 30};
  setrlimit(RLIMIT_AS, &limit);
#endif
}

void limit_time() {
  const itimerval limit{{0, 0}, {max_seconds, 0}};
  setitimer(ITIMER_PROF, &limit, nullptr);
}

extern "C" void too_much_time(int) {
  constexpr char words[] = "that takes too much time\n";
  if (write(STDERR_FILENO, words, sizeof(words) - 1) < 0) _exit(2);
  _exit(1);
}

// The name comes first, so that it is the last line if the input brings the program down.
void replay(const std::filesystem::path& file) {
  std::printf("%s\n", file.c_str());
  std::fflush(stdout);
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  limit_time();
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int count, char** arguments) try {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < count; ++i) {
    if (!std::filesystem::is_directory(arguments[i])) {
      files.emplace_back(arguments[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) {
      files.push_back(entry.path());
    }
  }
  if (files.empty()) {
    std::fprintf(stderr, "no inputs; expected files or folders of files\n");
    return 1;
  }
  std::sort(files.begin(), files.end());
  std::signal(SIGPROF, too_much_time);
  limit_memory();
  for (const auto& file : files) replay(file);
  std::printf("%zu inputs\n", files.size());
  return 0;
} catch (const std::bad_alloc&) {
  std::fprintf(stderr, "that takes too much memory\n");
  return 1;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
