// Some of fourteen changes, drawn at random, all of one strength.
//   Cubuk et al., RandAugment: Practical Automated Data Augmentation with a Reduced Search Space,
//   NeurIPS 2020, arXiv:1909.13719, section 3
// The table of changes and strengths is that of torchvision's RandAugment: nearest pixels, black
// from outside.
#include <algorithm>
#include <cmath>

#include "image/augmentations/affine.h"
#include "image/augmentations/augmentation.h"
#include "image/augmentations/colour.h"

namespace nescio::image {
namespace {

struct Change {
  bool both_ways;  // the strength is negative half of the time
  double most;     // the strength of the last bin
  void (*apply)(Image&, double strength);
};

/// Of a side, rounded towards 0.
double pixels(double share, std::size_t side) {
  return std::trunc(share * static_cast<double>(side));
}

const Change changes[] = {
    {false, 0, [](Image&, double) {}},
    {true, 0.3, [](Image& image, double s) { image = transformed(image, {.b = s}); }},
    {true, 0.3, [](Image& image, double s) { image = transformed(image, {.d = s}); }},
    {true, 150.0 / 331,
     [](Image& image, double s) {
       image = transformed(image, translation(pixels(s, image.width), 0));
     }},
    {true, 150.0 / 331,
     [](Image& image, double s) {
       image = transformed(image, translation(0, pixels(s, image.height)));
     }},
    {true, 30,
     [](Image& image, double s) {
       image = transformed(image, rotation(s, image.height, image.width));
     }},
    {true, 0.9, [](Image& image, double s) { change_brightness(image, 1 + s); }},
    {true, 0.9, [](Image& image, double s) { change_saturation(image, 1 + s); }},
    {true, 0.9, [](Image& image, double s) { change_contrast(image, 1 + s); }},
    {true, 0.9, [](Image& image, double s) { change_sharpness(image, 1 + s); }},
    {false, 4,
     [](Image& image, double s) { posterize(image, 8 - static_cast<int>(std::nearbyint(s))); }},
    {false, 255, [](Image& image, double s) { solarize(image, 255 - s); }},
    {false, 0, [](Image& image, double) { autocontrast(image); }},
    {false, 0, [](Image& image, double) { equalize(image); }},
};

class RandAugment final : public Augment {
 public:
  std::int64_t n = 2;
  std::int64_t m = 9;
  std::int64_t bins = 31;

  void apply(Image& image, Size, Rng& rng) const override {
    for (std::int64_t i = 0; i < n; ++i) {
      const Change& change = changes[rng.below(std::size(changes))];
      const bool negative = change.both_ways && rng.below(2) == 1;
      change.apply(image, (negative ? -1 : 1) * strength(change.most));
    }
  }

 private:
  /// m of the bins up to `most`, in single precision from either end as torch.linspace: the last
  /// bits decide where a changed value is rounded to.
  double strength(double most) const {
    const std::int64_t last = bins - 1;
    const auto end = static_cast<float>(most);
    const float step = end / static_cast<float>(last);
    if (m < bins / 2) return step * static_cast<float>(m);
    return std::fma(-step, static_cast<float>(last - m), end);
  }
};

}  // namespace

namespace augmentations {
AugmentInfo rand_augment() {
  using Self = RandAugment;
  return describe_augment<Self>(
      {.name = "rand_augment",
       .summary = "Makes n changes of one strength, each drawn from fourteen of place, colour and "
                  "contrast",
       .paper = "Cubuk et al., RandAugment: Practical Automated Data Augmentation with a Reduced "
                "Search Space, NeurIPS 2020, arXiv:1909.13719",
       .parameters = {
           bind_parameter<Augment>(
               &Self::n,
               {.name = "n", .doc = "changes made one after the other", .min = 0, .max = 100}),
           bind_parameter<Augment>(&Self::m, {.name = "m",
                                              .doc = "their strength, 0 to bins - 1",
                                              .min = 0,
                                              .max_excluded = true,
                                              .up_to = "bins"}),
           bind_parameter<Augment>(
               &Self::bins,
               {.name = "bins", .doc = "strengths that are told apart", .min = 2, .max = 1001}),
       }});
}
}  // namespace augmentations
}  // namespace nescio::image
