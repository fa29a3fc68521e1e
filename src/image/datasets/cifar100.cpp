// CIFAR-100 in its binary version, with its fine labels.
#include "image/cifar_records.h"

namespace nescio {
namespace {

class Cifar100 final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    constexpr std::size_t label_bytes = 2;  // coarse, fine
    return open_cifar_records({path / (split + ".bin")}, label_bytes,
                              read_class_names(path / "fine_label_names.txt"));
  }

  std::string split = "test";
};

}  // namespace

namespace datasets {
DatasetInfo cifar100() {
  return describe_dataset<Cifar100>(
      {.name = "cifar100",
       .summary = "CIFAR-100, 32 x 32 colour pictures of 100 fine classes, in its binary version",
       .path = "folder of train.bin and test.bin",
       .options = {dataset_option(
           &Cifar100::split,
           {.name = "split", .doc = "train or test", .choices = {"train", "test"}})}});
}
}  // namespace datasets
}  // namespace nescio
