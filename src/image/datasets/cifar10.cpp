// CIFAR-10 in its binary or its Python version.
#include "image/cifar_records.h"

namespace nescio::image {
namespace {

class Cifar10 final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    CifarVersion binary{.files = {"test_batch.bin"},
                        .names = "batches.meta.txt",
                        .folder = "cifar-10-batches-bin",
                        .label_keys = {},
                        .names_key = {}};
    CifarVersion python{.files = {"test_batch"},
                        .names = "batches.meta",
                        .folder = "cifar-10-batches-py",
                        .label_keys = {"labels"},
                        .names_key = "label_names"};
    if (split == "train") {
      binary.files.clear();
      python.files.clear();
      for (const char* part : {"1", "2", "3", "4", "5"}) {
        binary.files.push_back(text("data_batch_", part, ".bin"));
        python.files.push_back(text("data_batch_", part));
      }
    }
    return open_cifar(path, binary, python, {.classes = 10});
  }

  std::string split = "test";
};

}  // namespace

namespace datasets {
DatasetInfo cifar10() {
  return describe_dataset<Cifar10>(
      {.name = "cifar10",
       .summary =
           "CIFAR-10, 32 x 32 colour pictures of 10 classes, in its binary or its Python version",
       .path = "folder of data_batch_1.bin ... and test_batch.bin, or of the same without .bin",
       .options = {
           dataset_option(&Cifar10::split, {.name = "split",
                                            .doc = "train (the five batches joined) or test",
                                            .choices = {"train", "test"}})}});
}
}  // namespace datasets
}  // namespace nescio::image
