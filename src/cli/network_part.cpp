#include "cli/network_part.h"

#include <dlfcn.h>

#include <atomic>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/version.h"
#include "cli/module_file.h"

namespace nescio::cli {
namespace {

namespace fs = std::filesystem;

std::atomic<bool> loaded{false};

fs::path file_of_networks() { return module_file("libnescio_networks.so"); }

const NetworkPart* load() {
  if (!has_network_part()) return nullptr;
  const fs::path file = file_of_networks();
  // Local: what libtorch exports beside its own names (parts of a BLAS) concerns nobody else.
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    fail(file.string(), ", which runs networks, cannot be loaded: ", ::dlerror(),
         "; build program and libtorch anew (tools/build)");
  }
  using Entry = const NetworkPart* (*)(const char* program_version);
  const auto entry = reinterpret_cast<Entry>(::dlsym(library, "nescio_network_part"));
  const auto* part = entry ? entry(std::string(version()).c_str()) : nullptr;
  if (part == nullptr) {
    fail(file.string(), ": expected the part of nescio ", version(),
         " that runs networks, found that of another version; keep the two files together");
  }
  loaded = true;
  return part;
}

}  // namespace

bool has_network_part() {
  std::error_code ignored;
  return fs::exists(file_of_networks(), ignored);
}

bool network_part_is_loaded() { return loaded; }

const NetworkPart* network_part() {
  static const NetworkPart* const part = load();
  return part;
}

const NetworkPart& needed_network_part() {
  if (const NetworkPart* part = network_part()) return *part;
  fail(
      "this build has no libtorch; build with it (tools/setup, then the preset `release`) to "
      "run networks, or bring features made elsewhere with `nescio import`");
}

}  // namespace nescio::cli
