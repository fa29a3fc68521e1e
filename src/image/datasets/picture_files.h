// Pictures that lie on disk as files of their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "image/datasets/dataset.h"

namespace nescio::image {

struct PictureFile {
  std::string name;  // path relative to the root
  std::int64_t label = -1;
};

/// What makes up a data set of files.
struct PictureSet {
  std::filesystem::path root;
  std::vector<PictureFile> files;
  std::vector<std::string> class_names = {};
  Notices notices = {};
  bool skip_broken =
      false;  // broken ones are left out later; otherwise their error names the option
};

/// A data set of these files in this order; each is decoded when it is loaded, whatever its name
/// ends in. EXIF orientation is left as it is, which a notice says.
/// Error if files are missing: names the first ten and says how many.
std::unique_ptr<Dataset> dataset_of_files(PictureSet set);

/// Files below a folder that are pictures: by the ends of their names, and by their first bytes
/// where these ends say nothing of a format that is read (".jpg_large", none at all, ".heic" for a
/// JPEG). The order is that of torchvision's ImageFolder: by folder, then by name, as bytes. Links
/// are followed; names that begin with a dot are left out.
/// Error for a folder that cannot be read and for a link to a folder above itself.
struct PictureListing {
  std::vector<std::string> pictures;               // relative to the folder
  std::map<std::string, std::size_t> unread;       // pictures that cannot be read, by their format
  std::map<std::string, std::size_t> no_pictures;  // other files, by ".txt"; "" = none

  /// Says what is in `unread`; nothing if nothing is.
  Notices notices() const;
  /// "no pictures that can be read; found 12 GIF, 1 .txt"
  std::string describe() const;
};
PictureListing list_pictures(const std::filesystem::path& folder);

/// The folders in a folder, as bytes, sorted, without names that begin with a dot.
std::vector<std::string> list_folders(const std::filesystem::path& folder);

}  // namespace nescio::image
