// Random reflection.
#include <algorithm>

#include "image/augmentations/augmentation.h"

namespace nescio::image {
namespace {

class Flip final : public Augment {
 public:
  double p = 0.5;

  void apply(Image& image, Size, Rng& rng) const override {
    if (rng.uniform() >= p) return;
    for (std::size_t y = 0; y < image.height; ++y) {
      std::uint8_t* row = image.pixels.data() + y * image.width * image.channels;
      for (std::size_t x = 0; x < image.width / 2; ++x) {
        std::uint8_t* left = row + x * image.channels;
        std::swap_ranges(left, left + image.channels, row + (image.width - 1 - x) * image.channels);
      }
    }
  }
};

}  // namespace

namespace augmentations {
AugmentInfo flip() {
  return describe_augment<Flip>(
      {.name = "flip",
       .summary = "Exchanges left and right at random",
       .parameters = {bind_parameter<Augment>(
           &Flip::p, {.name = "p", .doc = "how often", .min = 0, .max = 1})}});
}
}  // namespace augmentations
}  // namespace nescio::image
