// Random part of the picture, resized to what the network reads.
//   Szegedy et al., Going Deeper with Convolutions, CVPR 2015, arXiv:1409.4842, section 6
// Size, shape and place are drawn as torchvision's RandomResizedCrop draws them.
#include <algorithm>
#include <cmath>

#include "image/augmentations/augmentation.h"
#include "image/augmentations/random_cut.h"

namespace nescio::image {
namespace {

Image cut_out(const Image& image, const Cut& cut) {
  Image out{cut.height, cut.width, image.channels, {}};
  out.pixels.reserve(cut.height * cut.width * image.channels);
  for (std::size_t y = cut.top; y < cut.top + cut.height; ++y) {
    const std::uint8_t* row = image.pixels.data() + (y * image.width + cut.left) * image.channels;
    out.pixels.insert(out.pixels.end(), row, row + cut.width * image.channels);
  }
  return out;
}

class RandomResizedCrop final : public Augment, public CutRange {
 public:
  RandomResizedCrop() : CutRange{0.08, 1, 3.0 / 4, 4.0 / 3} {}

  std::string filter = "bilinear";

  bool takes_whole_pictures() const override { return true; }

  void apply(Image& image, Size network, Rng& rng) const override {
    const Size size{image.height, image.width};
    const auto drawn = random_cut(size, size, *this, rng);
    const Cut cut = drawn.value_or(centre(size));
    image = resize(cut_out(image, cut), network.height, network.width, find_filter(filter));
  }

 private:
  /// As much of the middle as an allowed shape can have.
  Cut centre(Size size) const {
    const auto height = static_cast<double>(size.height);
    const auto width = static_cast<double>(size.width);
    const auto side = [](double length, std::size_t most) {
      return std::clamp(static_cast<std::size_t>(std::lround(length)), std::size_t{1}, most);
    };
    const std::size_t h = side(width / ratio_min, size.height);
    const std::size_t w = side(height * ratio_max, size.width);
    return {(size.height - h) / 2, (size.width - w) / 2, h, w};
  }
};

}  // namespace

namespace augmentations {
AugmentInfo random_resized_crop() {
  using Self = RandomResizedCrop;
  AugmentInfo info = describe_augment<Self>(
      {.name = "random_resized_crop",
       .summary = "Resizes a random part of the picture to the network's size; first in the list, "
                  "a part of the whole picture as it was decoded",
       .paper = "Szegedy et al., Going Deeper with Convolutions, CVPR 2015, arXiv:1409.4842"});
  add_cut_parameters<Self>("width / height", info.parameters);
  info.parameters.push_back(bind_parameter<Augment>(
      &Self::filter, {.name = "filter", .doc = "how to resize", .choices = filter_names()}));
  return info;
}
}  // namespace augmentations
}  // namespace nescio::image
