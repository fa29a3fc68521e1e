#include "image/picture_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <map>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/threads.h"
#include "image/decode.h"
#include "io/file.h"
#include "io/sha256.h"

namespace nescio {
namespace {

namespace fs = std::filesystem;

class PictureFiles final : public Dataset {
 public:
  PictureFiles(fs::path root, std::vector<PictureFile> files, std::vector<std::string> class_names)
      : root_(std::move(root)), files_(std::move(files)), class_names_(std::move(class_names)) {
    for (std::string& c : class_names_) c = printable(c);
  }

  std::size_t size() const override { return files_.size(); }
  Sample load(std::size_t i) const override {
    const fs::path path = root_ / files_[i].name;
    return {decode_image(map_file(path), path.string()), files_[i].label,
            static_cast<std::int64_t>(i)};
  }
  std::int64_t label(std::size_t i) const override { return files_[i].label; }
  std::string hash() const override { return read_all().hash; }
  std::vector<std::string> class_names() const override { return class_names_; }
  std::string name(std::size_t i) const override { return printable(files_[i].name); }
  std::vector<std::string> remarks() const override {
    const std::size_t turned = read_all().turned;
    if (turned == 0) return {};
    return {text(turned, turned == 1 ? " picture asks" : " pictures ask",
                 " in EXIF to be turned or mirrored before being shown, which is not done")};
  }

 private:
  struct Content {
    std::string hash;
    std::size_t turned = 0;  // pictures with an EXIF orientation other than upright
  };

  const Content& read_all() const {
    std::call_once(read_, [&] {
      std::vector<std::string> hashes(files_.size());
      std::atomic<std::size_t> turned = 0;
      parallel_for(files_.size(), [&](std::size_t i) {
        check_interrupt();
        const SharedBytes bytes = map_file(root_ / files_[i].name);
        hashes[i] = sha256(bytes.span());
        if (exif_orientation(bytes) > 1) ++turned;
      });
      Sha256 all;
      for (std::size_t i = 0; i < files_.size(); ++i) {
        all.add(text(files_[i].name, '\0', files_[i].label, '\0', hashes[i], '\n'));
      }
      content_ = {all.hex(), turned};
    });
    return content_;
  }

  fs::path root_;
  std::vector<PictureFile> files_;
  std::vector<std::string> class_names_;
  mutable std::once_flag read_;
  mutable Content content_;
};

void check_all_there(const fs::path& root, const std::vector<PictureFile>& files) {
  std::vector<char> missing(files.size());  // not bool: written by several threads
  parallel_for(files.size(), [&](std::size_t i) {
    std::error_code error;
    missing[i] = !fs::is_regular_file(root / files[i].name, error);
  });
  const auto count = static_cast<std::size_t>(std::ranges::count(missing, 1));
  if (count == 0) return;
  constexpr std::size_t shown = 10;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < files.size() && names.size() < shown; ++i) {
    if (missing[i]) names.push_back(printable(files[i].name));
  }
  fail(count, " of ", files.size(), " files are missing below ",
       root.empty() ? "the current folder" : root.string(), ": ", join(names),
       count > shown ? ", ..." : "");
}

std::string suffix_of(const std::string& name) {
  const auto dot = name.rfind('.');
  if (dot == std::string::npos) return {};
  std::string suffix = name.substr(dot);
  for (char& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return suffix;
}

/// What tells two folders apart, whatever links lead to them.
using FolderId = std::pair<dev_t, ino_t>;

struct Walk {
  const fs::path& root;
  PictureListing listing = {};
  std::vector<std::pair<std::string, std::string>> found = {};  // folder below root, file
  std::vector<FolderId> open = {};                              // the folders we are inside of

  void enter(const std::string& below) {
    const fs::path path = below.empty() ? root : root / below;
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) {
      const FolderId id{status.st_dev, status.st_ino};
      if (std::ranges::find(open, id) != open.end()) {
        fail(path.string(), " is a link to a folder above itself");
      }
      open.push_back(id);
    }
    FolderListing entries = list_folder(path);
    for (std::string& file : entries.files) {
      if (is_picture(file)) {
        found.emplace_back(below, std::move(file));
      } else {
        listing.other_suffix.push_back(suffix_of(file));
      }
    }
    for (const std::string& folder : entries.folders) {
      enter(below.empty() ? folder : text(below, '/', folder));
    }
    open.pop_back();
  }
};

}  // namespace

std::unique_ptr<Dataset> dataset_of_files(fs::path root, std::vector<PictureFile> files,
                                          std::vector<std::string> class_names) {
  check_all_there(root, files);
  return std::make_unique<PictureFiles>(std::move(root), std::move(files), std::move(class_names));
}

bool is_picture(const std::string& name) {
  const std::string suffix = suffix_of(name);
  return suffix == ".jpg" || suffix == ".jpeg" || suffix == ".png";
}

FolderListing list_folder(const fs::path& folder) {
  FolderListing listing;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename().string();
    if (name.starts_with('.')) continue;
    std::error_code ignored;
    (at->is_directory(ignored) ? listing.folders : listing.files).push_back(std::move(name));
  }
  if (error) fail("folder ", folder.string(), ": ", error.message());
  std::ranges::sort(listing.folders);
  std::ranges::sort(listing.files);
  return listing;
}

PictureListing list_pictures(const fs::path& folder) {
  Walk walk{.root = folder};
  walk.enter({});
  std::ranges::sort(walk.found);
  for (const auto& [below, file] : walk.found) {
    walk.listing.pictures.push_back(below.empty() ? file : text(below, '/', file));
  }
  return std::move(walk.listing);
}

std::string describe_no_pictures(const std::vector<std::string>& other_suffix) {
  std::map<std::string, std::size_t> counts;
  for (const std::string& suffix : other_suffix) ++counts[suffix];
  std::vector<std::string> found;
  for (const auto& [suffix, count] : counts) {
    found.push_back(suffix.empty() ? text(count, " without extension") : text(count, ' ', suffix));
  }
  return text("no pictures (.jpg, .jpeg, .png); found ", found.empty() ? "no files" : join(found));
}

}  // namespace nescio
