#include "cli/module_file.h"

#include <system_error>

namespace nescio::cli {

namespace fs = std::filesystem;

fs::path module_file(const std::string& name) {
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  const fs::path beside = folder / name;
  const fs::path installed = folder.parent_path() / NESCIO_LIBRARY_FOLDER / "nescio" / name;
  return !fs::exists(beside, ignored) && fs::exists(installed, ignored) ? installed : beside;
}

}  // namespace nescio::cli
