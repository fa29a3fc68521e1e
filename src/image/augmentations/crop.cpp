// Random crop: the picture within a black frame, cut to its own size at a random place.
//   He et al., Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385, 4.2
#include <algorithm>

#include "image/augmentations/augmentation.h"

namespace nescio::image {
namespace {

class Crop final : public Augment {
 public:
  std::int64_t padding = 4;

  void apply(Image& image, Size, Rng& rng) const override {
    const auto frame = static_cast<std::size_t>(padding);
    const std::size_t top = rng.below(2 * frame + 1);
    const std::size_t left = rng.below(2 * frame + 1);
    // Row and column 0 of the result are row top - frame and column left - frame of the picture.
    const std::size_t shown =
        image.width - std::min(image.width, left > frame ? left - frame : frame - left);
    const std::size_t from = left > frame ? left - frame : 0;
    const std::size_t to = left > frame ? 0 : std::min(image.width, frame - left);
    std::vector<std::uint8_t> pixels(image.pixels.size(), 0);
    for (std::size_t y = 0; y < image.height; ++y) {
      const std::size_t source = y + top;  // counted from the upper edge of the frame
      if (source < frame || source >= frame + image.height) continue;
      const auto row = image.pixels.begin() + offset(image, source - frame, from);
      std::copy_n(row, shown * image.channels, pixels.begin() + offset(image, y, to));
    }
    image.pixels = std::move(pixels);
  }

 private:
  static std::ptrdiff_t offset(const Image& image, std::size_t y, std::size_t x) {
    return static_cast<std::ptrdiff_t>((y * image.width + x) * image.channels);
  }
};

}  // namespace

namespace augmentations {
AugmentInfo crop() {
  return describe_augment<Crop>(
      {.name = "crop",
       .summary = "Pads all sides with black and cuts the picture's size out at a random place",
       .paper = "He et al., Deep Residual Learning for Image Recognition, CVPR 2016, "
                "arXiv:1512.03385",
       .parameters = {bind_parameter<Augment>(&Crop::padding, {.name = "padding",
                                                               .doc = "width of the frame",
                                                               .unit = "pixels",
                                                               .min = 0,
                                                               .max = 4096})}});
}
}  // namespace augmentations
}  // namespace nescio::image
