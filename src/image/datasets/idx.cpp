// Pictures in IDX files, as MNIST, Fashion-MNIST and notMNIST come.
#include "image/idx.h"

#include "image/datasets/array_images.h"
#include "io/file.h"

namespace nescio::image {
namespace {

class Idx final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    std::optional<Array> label_array;
    if (!labels.empty()) label_array = parse_idx(io::map_file(labels), labels);
    const Array images = parse_idx(io::map_file(path), path.string());
    return dataset_of_arrays(images, label_array, hash_of_files(path, labels), path.string(),
                             images.shape().size() == 4 ? Layout::nhwc : Layout::nhw);
  }

  std::string labels;
};

}  // namespace

namespace datasets {
DatasetInfo idx() {
  return describe_dataset<Idx>(
      {.name = "idx",
       .summary = "pictures in an IDX file, plain or gzipped: MNIST and its successors",
       .path = "file of the pictures, [N, H, W] or [N, H, W, 3]",
       .options = {dataset_option(&Idx::labels, {.name = "labels",
                                                 .doc = "IDX file of the labels; no labels (-1) "
                                                        "if not given"})}});
}
}  // namespace datasets
}  // namespace nescio::image
