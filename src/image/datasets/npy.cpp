// Pictures in a NumPy array file.
#include "io/npy.h"

#include "image/array_images.h"

namespace nescio {
namespace {

class Npy final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    std::optional<Array> label_array;
    if (!labels.empty()) label_array = read_npy(labels);
    return dataset_of_arrays(read_npy(path), label_array, hash_of_files(path, labels),
                             path.string());
  }

  std::string labels;
};

}  // namespace

namespace datasets {
DatasetInfo npy() {
  return describe_dataset<Npy>(
      {.name = "npy",
       .summary = "pictures in a NumPy array file, uint8 [N, H, W] or [N, H, W, 3]",
       .path = ".npy file of the pictures",
       .options = {dataset_option(
           &Npy::labels, {.name = "labels",
                          .doc = ".npy file of the labels [N]; no labels (-1) if not given"})}});
}
}  // namespace datasets
}  // namespace nescio
