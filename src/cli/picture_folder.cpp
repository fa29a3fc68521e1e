#include "cli/picture_folder.h"

#include <algorithm>

#include "base/error.h"
#include "image/formats/decode.h"
#include "io/sha256.h"

namespace nescio::cli {
namespace {

namespace fs = std::filesystem;

// 64 of the bits of SHA-256: of a million names, two are one with a probability of 3e-8.
std::uint64_t number_of(const std::string& name) {
  return std::stoull(io::sha256(name).substr(0, 16), nullptr, 16);
}

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

}  // namespace

PictureFolder::PictureFolder(fs::path folder, std::vector<std::uint64_t> seen)
    : folder_(std::move(folder)), seen_(std::move(seen)) {
  if (!fs::is_directory(folder_)) {
    fail(folder_.string(), ": expected a folder into which pictures are put");
  }
  std::ranges::sort(seen_);
}

std::vector<FoundPicture> PictureFolder::look(std::chrono::milliseconds settled) {
  std::vector<FoundPicture> found;
  std::vector<std::uint64_t> still_there;
  const auto now = fs::file_time_type::clock::now();
  std::error_code error;  // a file may go while it is looked at
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(folder_, options, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    if (is_hidden(at->path())) {
      at.disable_recursion_pending();
      continue;
    }
    if (!at->is_regular_file(gone) || image::kind_by_name(at->path().string()).format.empty()) {
      continue;
    }
    const auto written = at->last_write_time(gone);
    if (gone) continue;
    FoundPicture picture{at->path().lexically_relative(folder_).string(), at->path()};
    const std::uint64_t number = number_of(picture.name);
    if (std::ranges::binary_search(seen_, number)) {
      still_there.push_back(number);
    } else if (now - written >= settled) {
      found.push_back(std::move(picture));
    }
  }
  if (error) fail(folder_.string(), ": cannot be read: ", error.message());
  std::ranges::sort(still_there);
  seen_ = std::move(still_there);
  std::ranges::sort(found, {}, &FoundPicture::name);
  return found;
}

void PictureFolder::done(const FoundPicture& picture) {
  const std::uint64_t number = number_of(picture.name);
  seen_.insert(std::ranges::upper_bound(seen_, number), number);
}

}  // namespace nescio::cli
