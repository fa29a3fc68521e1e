// CIFAR-10 in its binary version.
#include "image/cifar_records.h"

namespace nescio {
namespace {

class Cifar10 final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    std::vector<std::filesystem::path> files;
    if (split == "test") {
      files = {path / "test_batch.bin"};
    } else {
      for (const char* part : {"1", "2", "3", "4", "5"}) {
        files.push_back(path / text("data_batch_", part, ".bin"));
      }
    }
    return open_cifar_records(files, 1, read_class_names(path / "batches.meta.txt"));
  }

  std::string split = "test";
};

}  // namespace

namespace datasets {
DatasetInfo cifar10() {
  return describe_dataset<Cifar10>(
      {.name = "cifar10",
       .summary = "CIFAR-10, 32 x 32 colour pictures of 10 classes, in its binary version",
       .path = "folder of data_batch_1.bin to data_batch_5.bin and test_batch.bin",
       .options = {
           dataset_option(&Cifar10::split, {.name = "split",
                                            .doc = "train (the five batches joined) or test",
                                            .choices = {"train", "test"}})}});
}
}  // namespace datasets
}  // namespace nescio
