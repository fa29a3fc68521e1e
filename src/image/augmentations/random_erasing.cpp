// Overwrites a random rectangle.
//   Zhong et al., Random Erasing Data Augmentation, AAAI 2020, arXiv:1708.04896, algorithm 1
// Size, shape and place are drawn as torchvision's RandomErasing draws them. That one works behind
// the normalisation, where its value 0 is the mean colour and its noise is normal; this one works
// on bytes: value 0 is black, and noise takes every byte equally often.
#include "image/augmentations/augmentation.h"
#include "image/augmentations/random_cut.h"

namespace nescio::image {
namespace {

class RandomErasing final : public Augment, public CutRange {
 public:
  RandomErasing() : CutRange{0.02, 0.33, 0.3, 3.3} {}

  double p = 0.5;
  std::int64_t value = 0;
  bool noise = false;

  void apply(Image& image, Size, Rng& rng) const override {
    if (rng.uniform() >= p) return;
    const auto cut = random_cut({image.height, image.width}, {image.height - 1, image.width - 1},
                                {scale_min, scale_max, 1 / ratio_max, 1 / ratio_min}, rng);
    if (!cut) return;
    for (std::size_t y = cut->top; y < cut->top + cut->height; ++y) {
      std::uint8_t* row = &image.pixels[(y * image.width + cut->left) * image.channels];
      for (std::size_t i = 0; i < cut->width * image.channels; ++i) {
        row[i] =
            static_cast<std::uint8_t>(noise ? rng.below(256) : static_cast<std::size_t>(value));
      }
    }
  }
};

}  // namespace

namespace augmentations {
AugmentInfo random_erasing() {
  using Self = RandomErasing;
  AugmentInfo info = describe_augment<Self>(
      {.name = "random_erasing",
       .summary = "Overwrites a random rectangle with one value or noise",
       .paper = "Zhong et al., Random Erasing Data Augmentation, AAAI 2020, arXiv:1708.04896",
       .parameters = {bind_parameter<Augment>(
           &Self::p, {.name = "p", .doc = "how often", .min = 0, .max = 1})}});
  add_cut_parameters<Self>("height / width", info.parameters);
  info.parameters.push_back(bind_parameter<Augment>(
      &Self::value,
      {.name = "value", .doc = "of the pixels that are overwritten", .min = 0, .max = 255},
      {"noise=false", [](const Self& s) { return !s.noise; }}));
  info.parameters.push_back(bind_parameter<Augment>(
      &Self::noise, {.name = "noise", .doc = "random pixels instead of value"}));
  return info;
}
}  // namespace augmentations
}  // namespace nescio::image
