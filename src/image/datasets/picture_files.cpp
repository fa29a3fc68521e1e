#include "image/datasets/picture_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <fstream>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/once.h"
#include "base/threads.h"
#include "image/formats/decode.h"
#include "io/file.h"
#include "io/sha256.h"

namespace nescio::image {
namespace {

namespace fs = std::filesystem;

class PictureFiles final : public Dataset {
 public:
  explicit PictureFiles(PictureSet set)
      : root_(std::move(set.root)),
        files_(std::move(set.files)),
        class_names_(std::move(set.class_names)),
        notices_(std::move(set.notices)),
        skip_broken_(set.skip_broken) {
    for (std::string& c : class_names_) c = printable(c);
  }

  std::size_t size() const override { return files_.size(); }
  Sample load(std::size_t i) const override {
    return {decode(files_[i].name), files_[i].label, static_cast<std::int64_t>(i)};
  }
  std::int64_t label(std::size_t i) const override { return files_[i].label; }
  std::string hash() const override { return read_all().hash; }
  std::vector<std::string> class_names() const override { return class_names_; }
  std::string name(std::size_t i) const override { return printable(files_[i].name); }
  Notices notices() const override {
    Notices all = notices_;
    if (const std::size_t turned = read_all().turned; turned > 0) {
      all.push_back(
          text(turned, turned == 1 ? " picture asks" : " pictures ask",
               " in EXIF to be turned or mirrored before being shown, which is not done"));
    }
    return all;
  }

 private:
  Image decode(const std::string& name) const {
    const fs::path path = root_ / name;
    const io::SharedBytes bytes = io::map_file(path);
    if (skip_broken_) return decode_image(bytes, path.string());
    try {
      return decode_image(bytes, path.string());
    } catch (const Error& e) {
      fail(e.what(), "; broken=skip leaves such pictures out");
    }
  }

  struct Content {
    std::string hash;
    std::size_t turned = 0;  // pictures with an EXIF orientation other than upright
  };

  const Content& read_all() const {
    read_([&] {
      std::vector<std::string> hashes(files_.size());
      std::atomic<std::size_t> turned = 0;
      parallel_for(files_.size(), [&](std::size_t i) {
        check_interrupt();
        const io::SharedBytes bytes = io::map_file(root_ / files_[i].name);
        hashes[i] = io::sha256(bytes.span());
        if (exif_orientation(bytes) > 1) ++turned;
      });
      io::Sha256 all;
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
  Notices notices_;
  bool skip_broken_;
  mutable Once read_;
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

/// By the name where that says enough, otherwise by the first bytes.
FileKind kind_of(const fs::path& path) {
  const FileKind named = kind_by_name(path.native());
  std::error_code error;
  if (named.is_read || !fs::is_regular_file(path, error)) return named;
  std::ifstream file(path, std::ios::binary);
  std::string first(format_bytes, '\0');
  file.read(first.data(), static_cast<std::streamsize>(first.size()));
  first.resize(static_cast<std::size_t>(file.gcount()));
  const FileKind found = kind_by_bytes(first);
  return found.format.empty() ? named : found;
}

/// The entries of a folder, sorted as bytes, without names that begin with a dot.
struct FolderListing {
  std::vector<std::string> folders, files;
};

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
      const FileKind kind = kind_of(path / file);
      if (kind.is_read) {
        found.emplace_back(below, std::move(file));
      } else if (!kind.format.empty()) {
        ++listing.unread[std::string(kind.format)];
      } else {
        ++listing.no_pictures[suffix_of(file)];
      }
    }
    for (const std::string& folder : entries.folders) {
      enter(below.empty() ? folder : text(below, '/', folder));
    }
    open.pop_back();
  }
};

/// "2 GIF, 1 without extension"
std::string counted(const std::map<std::string, std::size_t>& kinds) {
  std::vector<std::string> out;
  for (const auto& [kind, count] : kinds) {
    out.push_back(text(count, ' ', kind.empty() ? "without extension" : printable(kind)));
  }
  return join(out);
}

}  // namespace

std::unique_ptr<Dataset> dataset_of_files(PictureSet set) {
  check_all_there(set.root, set.files);
  return std::make_unique<PictureFiles>(std::move(set));
}

std::vector<std::string> list_folders(const fs::path& folder) {
  return list_folder(folder).folders;
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

Notices PictureListing::notices() const {
  std::size_t count = 0;
  for (const auto& [format, files] : unread) count += files;
  if (count == 0) return {};
  return {text("left out ", count, count == 1 ? " picture" : " pictures",
               " of formats that are not read: ", counted(unread),
               "; convert them to PNG to have them")};
}

std::string PictureListing::describe() const {
  auto all = unread;
  all.insert(no_pictures.begin(), no_pictures.end());
  return text("no pictures that can be read (", readable_formats(), "); found ",
              all.empty() ? "no files" : counted(all));
}

}  // namespace nescio::image
