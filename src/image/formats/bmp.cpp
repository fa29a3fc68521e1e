// BMP, by stb_image.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#include <stb/stb_image.h>

#include <climits>
#include <cstdint>
#include <memory>

#include "base/error.h"
#include "image/formats/picture_format.h"
#include "io/bytes.h"

namespace nescio::image {
namespace {

/// What the header says of the pixels.
struct BmpHeader {
  std::size_t offset, height, width, bits;
};

BmpHeader read_header(std::span<const std::uint8_t> bytes, std::string_view where) {
  if (bytes.size() < 30) fail(where, ": damaged or truncated BMP: it ends in its header");
  const auto whole = [&](std::size_t at) {
    return io::load_little_endian<std::uint32_t>(bytes.data() + at);
  };
  const auto half = [&](std::size_t at) {
    return std::size_t{io::load_little_endian<std::uint16_t>(bytes.data() + at)};
  };
  if (whole(14) == 12) return {whole(10), half(20), half(18), half(24)};  // of OS/2
  const std::uint32_t height = whole(22);  // the first row is the top one if it is negative
  return {whole(10), height > INT32_MAX ? std::uint32_t{0} - height : height, whole(18), half(28)};
}

/// Palettes and bit fields become colours, transparency is dropped. Not read: run lengths, and JPEG
/// or PNG inside.
Image decode_bmp(std::span<const std::uint8_t> bytes, std::string_view where) {
  const BmpHeader header = read_header(bytes, where);
  check_plausible(header.height, header.width, bytes.size(), "BMP", where);
  // stb_image takes what is missing as 0.
  const std::size_t row = (header.width * header.bits + 31) / 32 * 4;
  if (header.offset > bytes.size() || row * header.height > bytes.size() - header.offset) {
    fail(where, ": damaged or truncated BMP: expected ", row * header.height,
         " bytes of pixels of ", header.bits, " bits from byte ", header.offset, " on, found ",
         bytes.size(), " in all");
  }
  if (bytes.size() > INT_MAX) fail(where, ": a BMP of more than 2 GiB");
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width, &height,
                            &channels, 3),
      stbi_image_free);
  if (!pixels) fail(where, ": damaged BMP, or one that is packed: ", stbi_failure_reason());
  Image image{static_cast<std::size_t>(height), static_cast<std::size_t>(width), 3, {}};
  image.pixels.assign(pixels.get(), pixels.get() + 3 * image.height * image.width);
  return image;
}

}  // namespace

namespace formats {
PictureFormat bmp() {
  return {.name = "BMP", .bytes = {"BM"}, .suffixes = " .bmp .dib ", .decode = decode_bmp};
}
}  // namespace formats
}  // namespace nescio::image
