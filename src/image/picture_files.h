// Pictures that lie on disk as files of their own: JPEG and PNG.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "image/dataset.h"

namespace nescio {

struct PictureFile {
  std::string name;  // path relative to the root
  std::int64_t label = -1;
};

/// A data set of these files in this order; each is decoded when it is loaded, whatever its name
/// ends in. EXIF orientation is left as it is, and remarked upon.
/// Error if files are missing: names the first ten and says how many.
std::unique_ptr<Dataset> dataset_of_files(std::filesystem::path root,
                                          std::vector<PictureFile> files,
                                          std::vector<std::string> class_names = {});

/// Whether the name of a file ends in .jpg, .jpeg or .png, in upper or lower case.
bool is_picture(const std::string& name);

/// Files below a folder that are pictures by name; the order is
/// that of torchvision's ImageFolder: by folder, then by name, as bytes. Links are followed; names
/// that begin with a dot are left out.
/// Error for a folder that cannot be read and for a link to a folder above itself.
struct PictureListing {
  std::vector<std::string> pictures;      // relative to the folder
  std::vector<std::string> other_suffix;  // ".gif" for every file that is no picture; "" = none
};
PictureListing list_pictures(const std::filesystem::path& folder);

/// "no pictures (.jpg, .jpeg, .png); found 12 .gif, 1 .txt"
std::string describe_no_pictures(const std::vector<std::string>& other_suffix);

/// The entries of a folder that are folders themselves, and the other ones; as bytes, sorted, without
/// names that begin with a dot.
struct FolderListing {
  std::vector<std::string> folders, files;
};
FolderListing list_folder(const std::filesystem::path& folder);

}  // namespace nescio
