// PNG, by libpng.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "image/image.h"

namespace nescio {

/// True if the bytes begin as PNG files do.
bool is_png(std::span<const std::uint8_t> bytes);

/// The picture, of any colour type, depth and interlacing: 1 channel for grey, 3 otherwise. Palettes
/// are expanded, transparency is dropped, gamma and colour profiles are not applied. Of 16 bits the
/// upper 8 are kept, also for grey, which Pillow's convert("RGB") clips instead (256 and up: white).
/// Error, beginning with `where`, for damaged or truncated data, more than max_pixels or a million
/// on a side.
Image decode_png(std::span<const std::uint8_t> bytes, std::string_view where);

}  // namespace nescio
