// One picture as bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nescio::image {

struct Size {
  std::size_t height = 0;
  std::size_t width = 0;
};

/// uint8, rows from the top, [height, width, channels]; 1 channel = grey, 3 = red, green, blue.
struct Image {
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t channels = 0;
  std::vector<std::uint8_t> pixels;
};

/// A grey picture as three equal channels; a colour one as it is.
Image to_rgb(Image image);

/// A picture stored plane by plane, [channels, height, width], as CIFAR's files do.
Image from_planes(const std::uint8_t* planes, std::size_t channels, std::size_t height,
                  std::size_t width);

}  // namespace nescio::image
