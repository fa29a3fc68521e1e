// One picture, or all pictures below a folder, without labels. A plain path means this type.
#include "image/picture_files.h"

#include "base/error.h"

namespace nescio {
namespace {

class Files final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    if (!std::filesystem::is_directory(path)) {
      return dataset_of_files(path.parent_path(), {{path.filename().string()}});
    }
    PictureListing listing = list_pictures(path);
    if (listing.pictures.empty()) {
      fail(path.string(), ": ", describe_no_pictures(listing.other_suffix));
    }
    std::vector<PictureFile> files;
    for (std::string& name : listing.pictures) files.push_back({std::move(name)});
    return dataset_of_files(path, std::move(files));
  }
};

}  // namespace

namespace datasets {
DatasetInfo files() {
  return describe_dataset<Files>(
      {.name = "files",
       .summary = "one JPEG or PNG file, or all below a folder, without labels",
       .path = "the file or the folder; a path without a type means the same",
       .options = {broken_option<Files>()}});
}
}  // namespace datasets
}  // namespace nescio
