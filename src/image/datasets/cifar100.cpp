// CIFAR-100 in its binary or its Python version.
#include "image/cifar_records.h"

namespace nescio::image {
namespace {

class Cifar100 final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    const bool fine = labels == "fine";
    const CifarVersion binary{.files = {split + ".bin"},
                              .names = labels + "_label_names.txt",
                              .folder = "cifar-100-binary",
                              .label_keys = {},
                              .names_key = {}};
    const CifarVersion python{.files = {split},
                              .names = "meta",
                              .folder = "cifar-100-python",
                              .label_keys = {"coarse_labels", "fine_labels"},
                              .names_key = labels + "_label_names"};
    return open_cifar(
        path, binary, python,
        {.bytes = 2, .chosen = std::size_t{fine ? 1U : 0U}, .classes = fine ? 100 : 20});
  }

  std::string split = "test", labels = "fine";
};

}  // namespace

namespace datasets {
DatasetInfo cifar100() {
  return describe_dataset<Cifar100>(
      {.name = "cifar100",
       .summary =
           "CIFAR-100, 32 x 32 colour pictures of 100 classes, in its binary or its Python version",
       .path = "folder of train.bin and test.bin, or of the same without .bin",
       .options = {
           dataset_option(&Cifar100::split,
                          {.name = "split", .doc = "train or test", .choices = {"train", "test"}}),
           dataset_option(&Cifar100::labels,
                          {.name = "labels",
                           .doc = "fine: 100 classes, coarse: the 20 that they belong to",
                           .choices = {"fine", "coarse"}})}});
}
}  // namespace datasets
}  // namespace nescio::image
