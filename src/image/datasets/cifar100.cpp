// CIFAR-100 in its binary or its Python version.
#include <array>

#include "image/cifar_records.h"
#include "image/datasets/renumbered.h"

namespace nescio::image {
namespace {

struct SuperClass {
  const char* name;
  std::array<std::int64_t, 5> classes;  // fine labels
};

/// The 20 of https://www.cs.toronto.edu/~kriz/cifar.html, numbered as coarse labels are.
constexpr std::array<SuperClass, 20> super_classes = {{
    {"aquatic_mammals", {4, 30, 55, 72, 95}},
    {"fish", {1, 32, 67, 73, 91}},
    {"flowers", {54, 62, 70, 82, 92}},
    {"food_containers", {9, 10, 16, 28, 61}},
    {"fruit_and_vegetables", {0, 51, 53, 57, 83}},
    {"household_electrical_devices", {22, 39, 40, 86, 87}},
    {"household_furniture", {5, 20, 25, 84, 94}},
    {"insects", {6, 7, 14, 18, 24}},
    {"large_carnivores", {3, 42, 43, 88, 97}},
    {"large_man-made_outdoor_things", {12, 17, 37, 68, 76}},
    {"large_natural_outdoor_scenes", {23, 33, 49, 60, 71}},
    {"large_omnivores_and_herbivores", {15, 19, 21, 31, 38}},
    {"medium_mammals", {34, 63, 64, 66, 75}},
    {"non-insect_invertebrates", {26, 45, 77, 79, 99}},
    {"people", {2, 11, 35, 46, 98}},
    {"reptiles", {27, 29, 44, 78, 93}},
    {"small_mammals", {36, 50, 65, 74, 80}},
    {"trees", {47, 52, 56, 59, 96}},
    {"vehicles_1", {8, 13, 48, 58, 90}},
    {"vehicles_2", {41, 69, 81, 85, 89}},
}};

/// CSI's table (2007.08176), which MOOD took over, counts as if "keyboard" were the 26th name and not the 40th: where
/// it says the label of `fine`, the data set has another class. A permutation.
std::int64_t in_csi(std::int64_t fine) {
  constexpr std::int64_t first = 25, keyboard = 39;
  if (fine == keyboard) return first;
  return fine >= first && fine < keyboard ? fine + 1 : fine;
}

std::unique_ptr<Dataset> in_super_classes(std::unique_ptr<Dataset> fine, bool csi) {
  std::vector<std::int64_t> number_of(5 * super_classes.size());
  std::vector<std::string> names;
  for (std::size_t s = 0; s < super_classes.size(); ++s) {
    // Other groups must not be taken for those of the same name.
    names.push_back(text(super_classes[s].name, csi ? "_csi" : ""));
    for (const std::int64_t c : super_classes[s].classes) {
      number_of[static_cast<std::size_t>(csi ? in_csi(c) : c)] = static_cast<std::int64_t>(s);
    }
  }
  return renumbered(std::move(fine), std::move(number_of), std::move(names));
}

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
    auto pictures =
        open_cifar(path, binary, python,
                   {.bytes = 2, .chosen = std::size_t{fine ? 1U : 0U}, .classes = fine ? 100 : 20});
    if (superclass == "none") return pictures;
    return in_super_classes(std::move(pictures), superclass == "csi");
  }

  std::string split = "test", labels = "fine", superclass = "none";
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
           bind_parameter<DatasetType, Cifar100>(
               &Cifar100::labels,
               {.name = "labels",
                .doc = "fine: 100 classes, coarse: the 20 that they belong to",
                .choices = {"fine", "coarse"}},
               When<Cifar100>{"superclass=none",
                              [](const Cifar100& set) { return set.superclass == "none"; }}),
           dataset_option(
               &Cifar100::superclass,
               {.name = "superclass",
                .doc = "labels are those of the 20 super-classes, which classes= then chooses from "
                       "by name. official: as the data set groups its classes; csi: as CSI and "
                       "MOOD's code do, 13 groups of which are others since labels 25 to 39 are "
                       "taken for their neighbours; only to compare with their numbers",
                .choices = {"none", "official", "csi"}})}});
}
}  // namespace datasets
}  // namespace nescio::image
