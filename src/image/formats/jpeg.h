// What JPEG files say besides their pixels.
#pragma once

#include <cstdint>
#include <span>

namespace nescio::image {

/// How the camera was held, 1 to 8 as in Exif; 1 = upright, also where nothing is noted.
int jpeg_orientation(std::span<const std::uint8_t> bytes);

}  // namespace nescio::image
