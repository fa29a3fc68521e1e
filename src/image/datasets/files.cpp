// One picture, or all pictures below a folder, without labels. A plain path means this type.
#include "image/datasets/picture_files.h"

#include "base/error.h"

namespace nescio::image {
namespace {

class Files final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    PictureSet set{.root = path, .files = {}, .skip_broken = skip_broken};
    if (std::filesystem::is_directory(path)) {
      PictureListing listing = list_pictures(path);
      if (listing.pictures.empty()) fail(path.string(), ": ", listing.describe());
      set.notices = listing.notices();
      for (std::string& name : listing.pictures) set.files.push_back({std::move(name)});
    } else {
      set.root = path.parent_path();
      set.files.push_back({path.filename().string()});
    }
    return dataset_of_files(std::move(set));
  }
};

}  // namespace

namespace datasets {
DatasetInfo files() {
  return describe_dataset<Files>(
      {.name = "files",
       .summary = "one picture file, or all below a folder, without labels",
       .path = "the file or the folder; a path without a type means the same",
       .options = {broken_option<Files>()}});
}
}  // namespace datasets
}  // namespace nescio::image
