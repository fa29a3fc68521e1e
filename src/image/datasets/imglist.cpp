// A text file that lists pictures and labels, as OpenOOD's benchmarks have them.
#include "image/image_list.h"

#include "base/error.h"
#include "image/picture_files.h"
#include "io/file.h"

namespace nescio {
namespace {

class Imglist final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    std::vector<PictureFile> files;
    for (ListedPicture& listed : parse_image_list(map_file(path).text(), path.string())) {
      files.push_back({std::move(listed.path), listed.label});
    }
    return dataset_of_files(root.empty() ? path.parent_path() : std::filesystem::path(root),
                            std::move(files));
  }

  std::string root;
};

}  // namespace

namespace datasets {
DatasetInfo imglist() {
  return describe_dataset<Imglist>(
      {.name = "imglist",
       .summary =
           "JPEG and PNG files named in a list with their labels, as OpenOOD's benchmarks do",
       .path = "text file of lines 'relative/path label'; label -1 = none",
       .options = {dataset_option(&Imglist::root, {.name = "root",
                                                   .doc = "folder that the paths begin at; the "
                                                          "list's own if not given"}),
                   broken_option<Imglist>()}});
}
}  // namespace datasets
}  // namespace nescio
