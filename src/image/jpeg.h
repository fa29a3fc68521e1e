// JPEG, by libjpeg-turbo.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "image/image.h"

namespace nescio {

/// True if the bytes begin as JPEG files do.
bool is_jpeg(std::span<const std::uint8_t> bytes);

/// The picture, sequential or progressive, Huffman or arithmetic: 1 channel for grey, 3 otherwise.
/// Pixels are those of Pillow's convert("RGB"): accurate integer transform, smooth upsampling of
/// colour, CMYK and YCCK taken as Adobe writes them (inverted). The orientation that a camera noted
/// is not applied. Error, beginning with `where`, for damaged or truncated data (libjpeg would make
/// do with grey in their place), more than max_pixels, 12 bits, 2 or more than 4 components.
Image decode_jpeg(std::span<const std::uint8_t> bytes, std::string_view where);

/// How the camera was held, 1 to 8 as in Exif; 1 = upright, also where nothing is noted.
int jpeg_orientation(std::span<const std::uint8_t> bytes);

}  // namespace nescio
