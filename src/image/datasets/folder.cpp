// A folder for each class, as torchvision's ImageFolder has it.
#include "image/datasets/picture_files.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>

#include "base/error.h"

namespace nescio::image {
namespace {

/// The first folder of a path; empty if the path is only a file's name.
std::string_view first_folder(std::string_view path) {
  const auto slash = path.find('/');
  return path.substr(0, slash == std::string_view::npos ? 0 : slash);
}

/// Says that the classes may be one folder further down.
void note_folders_of_folders(const std::string& path, const PictureListing& listing,
                             Notices& notices) {
  const auto is_deeper = [](const std::string& name) {
    return name.find('/', first_folder(name).size() + 1) != std::string::npos;
  };
  if (!std::ranges::all_of(listing.pictures, is_deeper)) return;
  const std::string& name = listing.pictures.front();
  const std::string_view first = first_folder(name);
  notices.push_back(text("no class folder holds pictures itself: all below ", first, " (such as ",
                         name, ") are of the class ", first, "; folder:", path, "/", first,
                         " has the folders in it as classes"));
}

class Folder final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    PictureListing listing = list_pictures(path);
    if (listing.pictures.empty()) fail(path.string(), ": ", listing.describe());
    PictureSet set{
        .root = path, .files = {}, .notices = listing.notices(), .skip_broken = skip_broken};
    const std::vector<std::string> folders = list_folders(path);
    if (!folders.empty()) {
      check_no_stray(path, listing);
      set.class_names = classes_of(folders, listing, set.notices);
      note_folders_of_folders(path.string(), listing, set.notices);
    }
    for (std::string& name : listing.pictures) {
      const auto at = std::ranges::lower_bound(set.class_names, first_folder(name));
      const auto label = set.class_names.empty() ? -1 : at - set.class_names.begin();
      set.files.push_back({std::move(name), label});
    }
    std::ranges::stable_sort(set.files, {}, &PictureFile::label);
    return dataset_of_files(std::move(set));
  }

 private:
  static void check_no_stray(const std::filesystem::path& path, const PictureListing& listing) {
    for (const std::string& name : listing.pictures) {
      if (!first_folder(name).empty()) continue;
      fail(path.string(), ": holds class folders and pictures beside them, such as ", name,
           "; move these, or use files:", path.string(), " for all without labels");
    }
  }

  /// Those of the folders that hold pictures, sorted.
  static std::vector<std::string> classes_of(const std::vector<std::string>& folders,
                                             const PictureListing& listing, Notices& notices) {
    std::set<std::string, std::less<>> used;
    for (const std::string& name : listing.pictures) used.emplace(first_folder(name));
    std::vector<std::string> empty;
    std::ranges::set_difference(folders, used, std::back_inserter(empty));
    if (!empty.empty()) {
      notices.push_back(text(empty.size() == 1 ? "a folder" : "folders",
                             " without pictures that can be read: no class for ", join(empty)));
    }
    return {used.begin(), used.end()};
  }
};

}  // namespace

namespace datasets {
DatasetInfo folder() {
  return describe_dataset<Folder>(
      {.name = "folder",
       .summary = "picture files in one folder for each class; labels follow the sorted names",
       .path = "folder of the class folders, or of pictures alone, which then have no label (-1)",
       .options = {broken_option<Folder>()}});
}
}  // namespace datasets
}  // namespace nescio::image
