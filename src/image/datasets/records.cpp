// Any 32 x 32 colour pictures in CIFAR-10's record format.
#include "image/cifar_records.h"

namespace nescio::image {
namespace {

class Records final : public DatasetType {
 public:
  std::unique_ptr<Dataset> open(const std::filesystem::path& path) const override {
    RecordLabels labels;
    std::vector<std::string> names = read_class_names(path.parent_path() / "classes.txt");
    if (!names.empty()) labels.classes = static_cast<std::int64_t>(names.size());
    return open_cifar_records({path}, labels, std::move(names));
  }
};

}  // namespace

namespace datasets {
DatasetInfo records() {
  return describe_dataset<Records>(
      {.name = "records",
       .summary = "32 x 32 colour pictures in CIFAR-10's record format, up to 256 classes",
       .path = "file of records of 3073 bytes; classes.txt beside it may name the classes"});
}
}  // namespace datasets
}  // namespace nescio::image
