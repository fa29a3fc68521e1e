// A folder for each class, as torchvision's ImageFolder has it.
#include "image/picture_files.h"

#include <algorithm>

#include "base/error.h"

namespace nescio {
namespace {

class Folder final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    auto [classes, beside] = list_folder(path);
    std::vector<PictureFile> files;
    std::vector<std::string> others;
    const auto add = [&](const std::string& below, std::int64_t label) {
      PictureListing listing = list_pictures(below.empty() ? path : path / below);
      for (std::string& name : listing.pictures) {
        files.push_back({below.empty() ? std::move(name) : text(below, '/', name), label});
      }
      others.insert(others.end(), listing.other_suffix.begin(), listing.other_suffix.end());
    };
    if (classes.empty()) {
      add({}, -1);
    } else if (const auto stray = std::ranges::find_if(beside, is_picture); stray != beside.end()) {
      fail(path.string(), ": holds class folders and pictures beside them, such as ", *stray,
           "; move these, or use files:", path.string(), " for all without labels");
    }
    for (std::size_t c = 0; c < classes.size(); ++c) add(classes[c], static_cast<std::int64_t>(c));
    if (files.empty()) fail(path.string(), ": ", describe_no_pictures(others));
    return dataset_of_files(path, std::move(files), std::move(classes));
  }
};

}  // namespace

namespace datasets {
DatasetInfo folder() {
  return describe_dataset<Folder>(
      {.name = "folder",
       .summary = "JPEG and PNG files in one folder for each class; labels follow the sorted names",
       .path = "folder of the class folders, or of pictures alone, which then have no label (-1)",
       .options = {broken_option<Folder>()}});
}
}  // namespace datasets
}  // namespace nescio
