#include "image/image.h"

#include "base/error.h"

namespace nescio::image {

Image to_rgb(Image image) {
  if (image.channels == 3) return image;
  if (image.channels != 1) fail("image: expected 1 or 3 channels, found ", image.channels);
  std::vector<std::uint8_t> pixels(3 * image.pixels.size());
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    pixels[3 * i] = pixels[3 * i + 1] = pixels[3 * i + 2] = image.pixels[i];
  }
  return {image.height, image.width, 3, std::move(pixels)};
}

Image from_planes(const std::uint8_t* planes, std::size_t channels, std::size_t height,
                  std::size_t width) {
  const std::size_t plane = height * width;
  Image image{height, width, channels, std::vector<std::uint8_t>(plane * channels)};
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < plane; ++i) image.pixels[i * channels + c] = planes[c * plane + i];
  }
  return image;
}

}  // namespace nescio::image
