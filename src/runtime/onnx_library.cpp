#include "runtime/onnx_library.h"

#include <dlfcn.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace nescio::runtime {
namespace {

namespace fs = std::filesystem;

constexpr const char* variable = "NESCIO_ONNXRUNTIME";

/// Where the package lies that python3 would import, found without importing it.
fs::path python_package() {
  const char* const ask =
      "python3 -c \"import importlib.util as u; s = u.find_spec('onnxruntime'); "
      "print(s.submodule_search_locations[0] if s else '', end='')\" 2>/dev/null </dev/null";
  std::string said;
  if (FILE* pipe = ::popen(ask, "re")) {
    std::array<char, 512> part{};
    while (const std::size_t n = std::fread(part.data(), 1, part.size(), pipe))
      said.append(part.data(), n);
    ::pclose(pipe);
  }
  return said;
}

fs::path cache() {
  const char* home = std::getenv("HOME");
  return home ? fs::path(home) / ".cache/nescio/onnxruntime/onnxruntime" : fs::path();
}

fs::path folder_of_program() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

struct Opened {
  std::optional<OnnxLibrary> library;
  std::string fault;
};

/// `file` may be a name alone, which the system looks for.
Opened open(const std::string& file) {
  void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return {{}, text("cannot be loaded: ", ::dlerror())};
  using Entry = const ort::Base* (*)();
  const auto entry = reinterpret_cast<Entry>(::dlsym(handle, "OrtGetApiBase"));
  if (entry == nullptr) {
    ::dlclose(handle);
    return {{}, "is no ONNX Runtime: it has no OrtGetApiBase"};
  }
  const ort::Base& base = *entry();
  const void* const* table = base.table(ort::interface_version);
  if (table == nullptr) {
    const std::string version = base.version();
    ::dlclose(handle);
    return {{}, text("is ONNX Runtime ", version, ", at least 1.17 is needed")};
  }
  ::Dl_info info{};
  const bool named = ::dladdr(reinterpret_cast<const void*>(entry), &info) != 0;
  const fs::path path = named && info.dli_fname ? info.dli_fname : file.c_str();
  return {OnnxLibrary{{base.version(), path}, ort::Api(table)}, ""};
}

std::optional<OnnxLibrary> asked_for(const fs::path& place) {
  std::error_code ignored;
  const bool folder = fs::is_directory(place, ignored);
  const fs::path file = folder ? onnx_library_in(place) : place;
  if (file.empty()) {
    fail(variable, ": expected a libonnxruntime.so in ", printable(place.string()), ", found none");
  }
  Opened opened = open(file.string());
  if (!opened.library) {
    fail(variable, ": ", printable(file.string()), " ", printable(opened.fault));
  }
  return opened.library;
}

std::optional<OnnxLibrary> find() {
  if (const char* place = std::getenv(variable); place && *place) return asked_for(place);
  for (const char* name : {"libonnxruntime.so.1", "libonnxruntime.so"}) {
    if (auto opened = open(name); opened.library) return opened.library;
  }
  const std::array<fs::path (*)(), 3> places = {folder_of_program, cache, python_package};
  for (const auto place : places) {
    const fs::path folder = place();
    const fs::path file = folder.empty() ? folder : onnx_library_in(folder);
    if (file.empty()) continue;
    if (auto opened = open(file.string()); opened.library) return opened.library;
  }
  return std::nullopt;
}

}  // namespace

fs::path onnx_library_in(const fs::path& folder) {
  fs::path best;
  for (const char* part : {"", "lib", "capi"}) {
    std::error_code error;
    for (fs::directory_iterator it(folder / part, error), end; !error && it != end;
         it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (name.starts_with("libonnxruntime.so") && it->path() > best) best = it->path();
    }
    if (!best.empty()) break;
  }
  return best;
}

const OnnxLibrary* onnx_library() {
  static const std::optional<OnnxLibrary> library = find();
  return library ? &*library : nullptr;
}

const OnnxLibrary& needed_onnx_library() {
  if (const OnnxLibrary* library = onnx_library()) return *library;
  fail(
      "ONNX models are run by ONNX Runtime, which is not there: `tools/setup --with-onnxruntime` "
      "or `pip "
      "install onnxruntime` brings it, or set ",
      variable, " to libonnxruntime.so or the folder that holds it (1.17 or later)");
}

std::optional<OnnxRuntime> onnx_runtime() {
  const OnnxLibrary* library = onnx_library();
  return library ? std::optional(library->about) : std::nullopt;
}

}  // namespace nescio::runtime
