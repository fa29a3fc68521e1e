// Pictures in a NumPy array file.
#include <algorithm>

#include "image/datasets/array_images.h"
#include "io/array_file.h"

namespace nescio::image {
namespace {

class Npy final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    std::optional<Array> label_array;
    if (!labels.empty()) label_array = io::read_array(labels);
    const auto chosen = std::ranges::find(layout_names(), layout) - layout_names().begin();
    return dataset_of_arrays(io::read_array(path.string()), label_array,
                             hash_of_files(path, labels), path.string(),
                             static_cast<Layout>(chosen));
  }

  std::string labels, layout = "auto";
};

}  // namespace

namespace datasets {
DatasetInfo npy() {
  return describe_dataset<Npy>(
      {.name = "npy",
       .summary = "pictures in a NumPy array file, uint8 [N, H, W], [N, H, W, 3] or [N, 3, H, W]",
       .path = ".npy file of the pictures, or FILE.npz#member",
       .options = {
           dataset_option(&Npy::labels, {.name = "labels",
                                         .doc = "file (or FILE.npz#member) of the labels, [N] or "
                                                "[N, 1]; no labels (-1) if not given"}),
           dataset_option(
               &Npy::layout,
               {.name = "layout",
                .doc = "what the sides are: pictures N, height H, width W, channels C; auto tells "
                       "by their number and size",
                .choices = layout_names()})}});
}
}  // namespace datasets
}  // namespace nescio::image
