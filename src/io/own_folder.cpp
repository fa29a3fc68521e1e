#include "io/own_folder.h"

#include <algorithm>
#include <system_error>

#include "base/error.h"
#include "io/temporary_name.h"

namespace nescio::io {
namespace fs = std::filesystem;

void check_replaceable(const fs::path& folder, std::string_view what, bool ours,
                       const std::vector<std::string>& files) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (status.type() == fs::file_type::not_found) return;
  if (!fs::is_directory(status)) {
    fail(folder.string(), ": expected a folder for the ", what, ", found something else; ",
         "choose another place or move it away");
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!ours) {
      fail(folder.string(), ": is there and is no ", what,
           "; choose another place or move it away");
    }
    const std::string name = entry.path().filename().string();
    const auto is_of = [&](const std::string& file) {
      return name == file || file_of_temporary(name) == file;
    };
    if (std::ranges::none_of(files, is_of) || entry.is_directory()) {
      fail(folder.string(), ": '", name, "' in it does not belong to the ", what,
           "; move it away before this is replaced");
    }
  }
}

void check_writable(const fs::path& folder, std::string_view what, std::string_view marker,
                    const std::vector<std::string>& files) {
  std::error_code ignored;
  if (fs::exists(folder / marker, ignored)) return;
  for (const std::string& file : files) {
    if (!fs::exists(fs::symlink_status(folder / file, ignored))) continue;
    fail((folder / file).string(), ": is there already and of no ", what, " of this program (no ",
         marker, " beside it); choose another out= or move it away");
  }
}

}  // namespace nescio::io
