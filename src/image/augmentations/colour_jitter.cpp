// Random changes of brightness, contrast, saturation and hue, in random order.
//   Krizhevsky et al., ImageNet Classification with Deep CNNs, NIPS 2012, section 4.1, began it;
//   factors and order are drawn as torchvision's ColorJitter draws them.
#include <algorithm>

#include "image/augmentations/augmentation.h"
#include "image/augmentations/colour.h"

namespace nescio::image {
namespace {

/// Around 1, evenly; never negative.
double draw_factor(double strength, Rng& rng) {
  const double least = std::max(0.0, 1 - strength);
  return least + rng.uniform() * (1 + strength - least);
}

class ColourJitter final : public Augment {
 public:
  double brightness = 0;
  double contrast = 0;
  double saturation = 0;
  double hue = 0;

  bool does_something() const override { return brightness + contrast + saturation + hue > 0; }

  void apply(Image& image, Size, Rng& rng) const override {
    for (const std::size_t change : rng.permutation(4)) {
      if (change == 0 && brightness > 0) change_brightness(image, draw_factor(brightness, rng));
      if (change == 1 && contrast > 0) change_contrast(image, draw_factor(contrast, rng));
      if (change == 2 && saturation > 0) change_saturation(image, draw_factor(saturation, rng));
      if (change == 3 && hue > 0) turn_hue(image, hue * (2 * rng.uniform() - 1));
    }
  }
};

}  // namespace

namespace augmentations {
AugmentInfo colour_jitter() {
  using Self = ColourJitter;
  return describe_augment<Self>(
      {.name = "colour_jitter",
       .summary = "Changes brightness, contrast, saturation and hue at random, in random order",
       .paper = "Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural "
                "Networks, NIPS 2012",
       .parameters = {
           bind_parameter<Augment>(
               &Self::brightness,
               {.name = "brightness",
                .doc = "b: factors from 1 - b (0 at least) to 1 + b; 0 leaves it",
                .min = 0,
                .max = 10}),
           bind_parameter<Augment>(
               &Self::contrast,
               {.name = "contrast", .doc = "the same for contrast", .min = 0, .max = 10}),
           bind_parameter<Augment>(
               &Self::saturation,
               {.name = "saturation", .doc = "the same for saturation", .min = 0, .max = 10}),
           bind_parameter<Augment>(&Self::hue, {.name = "hue",
                                                .doc = "h: hues are turned by -h to h",
                                                .unit = "circles",
                                                .min = 0,
                                                .max = 0.5}),
       }});
}
}  // namespace augmentations
}  // namespace nescio::image
