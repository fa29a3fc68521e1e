#include "train/conditions.h"

#include <unistd.h>

#include <fstream>

#include "base/text.h"
#include "base/threads.h"
#include "base/version.h"
#include "nn/model.h"

namespace nescio::train {
namespace {

std::string machine() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "unknown";
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return std::string(trim(line.substr(line.find(':') + 1)));
  }
  return "unknown";
}

}  // namespace

std::map<std::string, std::string> conditions_of_this_run(const std::string& device) {
  return {
      {"machine", machine()},
      {"processor", processor()},
      {"build", text("nescio ", version(), ", ", __VERSION__, ", libtorch ", nn::torch_version())},
      {"threads", std::to_string(thread_count())},
      {"device", device}};
}

}  // namespace nescio::train
