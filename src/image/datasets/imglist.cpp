// A text file that lists pictures and labels, as OpenOOD's benchmarks have them.
#include "image/image_list.h"

#include <algorithm>

#include "base/error.h"
#include "base/typed_spec.h"
#include "image/datasets/picture_files.h"
#include "io/file.h"

namespace nescio::image {
namespace {

/// Writes a path of Windows as it is written here, where that is the one that exists.
bool turn_backslashes(const std::filesystem::path& root, std::string& path) {
  if (path.find('\\') == std::string::npos || path_exists((root / path).native())) return false;
  std::string turned = path;
  std::ranges::replace(turned, '\\', '/');
  if (!path_exists((root / turned).native())) return false;
  path = std::move(turned);
  return true;
}

class Imglist final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    PictureSet set{.root = root.empty() ? path.parent_path() : std::filesystem::path(root),
                   .files = {},
                   .skip_broken = skip_broken};
    std::size_t turned = 0;
    for (ListedPicture& listed : parse_image_list(io::map_file(path).text(), path.string())) {
      turned += turn_backslashes(set.root, listed.path);
      set.files.push_back({std::move(listed.path), listed.label});
    }
    if (turned > 0) {
      set.notices.push_back(text(path.string(), ": '\\' in ", turned,
                                 turned == 1 ? " path" : " paths", " was read as '/'"));
    }
    return dataset_of_files(std::move(set));
  }

  std::string root;
};

}  // namespace

namespace datasets {
DatasetInfo imglist() {
  return describe_dataset<Imglist>(
      {.name = "imglist",
       .summary = "picture files named in a list with their labels, as OpenOOD's benchmarks do",
       .path = "text file of lines 'relative/path label'; label -1 = none",
       .options = {dataset_option(&Imglist::root, {.name = "root",
                                                   .doc = "folder that the paths begin at; the "
                                                          "list's own if not given"}),
                   broken_option<Imglist>()}});
}
}  // namespace datasets
}  // namespace nescio::image
