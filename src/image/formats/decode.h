// From the bytes of a picture file to pixels.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "image/image.h"
#include "io/bytes.h"

namespace nescio::image {

/// Larger pictures are refused before memory is taken for them.
constexpr std::size_t max_pixels = std::size_t{1} << 28;

/// "BMP, GIF, JPEG, PNG, PNM, TIFF, WebP": what this build reads.
std::string readable_formats();

/// The picture in a file; the first bytes say of which format it is, not its name. One channel if
/// it is grey, otherwise red, green, blue: what Pillow's Image.open(file).convert("RGB") gives,
/// except for 16-bit grey. Transparency is dropped, colour profiles and the orientation that a
/// camera noted in EXIF are not applied; of an animation it is the first frame, of a TIFF the first
/// page.
/// Error, beginning with `where`, for another format, a damaged or truncated file, more than
/// max_pixels. Memory is at most in proportion to the file, whatever its header claims.
Image decode_image(const io::SharedBytes& bytes, std::string_view where);

/// What a file is taken for.
struct FileKind {
  std::string_view format = {};  // "JPEG", "WebP"; empty: no picture
  bool is_read = false;          // by decode_image()
};

/// By its first bytes, of which format_bytes suffice.
constexpr std::size_t format_bytes = 16;
FileKind kind_by_bytes(std::string_view first_bytes);

/// By what its name ends in, in upper or lower case.
FileKind kind_by_name(std::string_view name);

/// How a camera says it was held when it took this JPEG: 1 to 8 as in Exif, 1 = upright. 1 where
/// nothing is noted and for other files. Cost: reads what stands before the pixels.
int exif_orientation(const io::SharedBytes& bytes);

}  // namespace nescio::image
