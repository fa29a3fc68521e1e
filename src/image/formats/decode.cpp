#include "image/formats/decode.h"

#include <cctype>
#include <string>
#include <vector>

#include "base/error.h"
#include "image/formats/jpeg.h"
#include "image/formats/picture_format.h"
#include "io/file_format.h"

namespace nescio::image {
namespace {

using namespace std::string_view_literals;

/// Formats that are not read, or not without their library, so that messages can name them.
constexpr PictureFormat unread[] = {
    {"GIF", 0, {"GIF8"sv}, " .gif "},
    {"WebP", 8, {"WEBP"sv}, " .webp "},
    {"TIFF", 0, {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv}, " .tif .tiff "},
    {"BMP", 0, {"BM"sv}, " .bmp .dib "},
    {"PNM in text", 0, {"P1\n"sv, "P2\n"sv, "P3\n"sv}},
    {"AVIF", 4, {"ftypavi"sv}, " .avif "},
    {"HEIC", 4, {"ftyphe"sv, "ftypmif1"sv}, " .heic .heif .hif "},
    {"JPEG 2000", 0, {"\0\0\0\x0cjP  "sv, "\xff\x4f\xff\x51"sv}, " .jp2 .j2k .jpx .jpf "},
    {"JPEG XL", 0, {"\0\0\0\x0cJXL "sv, "\xff\x0a"sv}, " .jxl "},
    {"Photoshop", 0, {"8BPS"sv}, " .psd "},
    {"OpenEXR", 0, {"\x76\x2f\x31\x01"sv}, " .exr "},
    {"Radiance", 0, {"#?RADIANCE"sv}, " .hdr "},
    {"QOI", 0, {"qoif"sv}, " .qoi "},
    {"SVG", 0, {"<svg"sv}, " .svg "},
    {"icon", 0, {"\0\0\1\0"sv}, " .ico .cur "},
    {"TARGA", 0, {}, " .tga "},
    {"raw camera", 0, {}, " .dng .cr2 .cr3 .nef .arw .orf .rw2 .raf .raw "},
};

template <class Formats>
const PictureFormat* find_by_bytes(const Formats& formats, std::string_view file) {
  for (const PictureFormat& format : formats) {
    for (const std::string_view bytes : format.bytes) {
      if (!bytes.empty() && file.size() >= format.at && file.substr(format.at).starts_with(bytes)) {
        return &format;
      }
    }
  }
  return nullptr;
}

template <class Formats>
const PictureFormat* find_by_suffix(const Formats& formats, std::string_view suffix) {
  for (const PictureFormat& format : formats) {
    if (format.suffixes.find(text(' ', suffix, ' ')) != std::string_view::npos) return &format;
  }
  return nullptr;
}

}  // namespace

std::string readable_formats() {
  std::vector<std::string> names;
  for (const PictureFormat& format : formats::catalogue()) names.emplace_back(format.name);
  return join(names);
}

FileKind kind_by_bytes(std::string_view first_bytes) {
  if (const auto* format = find_by_bytes(formats::catalogue(), first_bytes))
    return {format->name, true};
  if (const auto* format = find_by_bytes(unread, first_bytes)) return {format->name, false};
  return {};
}

FileKind kind_by_name(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  std::string suffix(name.substr(dot));
  for (char& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (const auto* format = find_by_suffix(formats::catalogue(), suffix))
    return {format->name, true};
  if (const auto* format = find_by_suffix(unread, suffix)) return {format->name, false};
  return {};
}

Image decode_image(const io::SharedBytes& bytes, std::string_view where) {
  if (const auto* format = find_by_bytes(formats::catalogue(), bytes.text())) {
    return format->decode(bytes.span(), where);
  }
  const std::string expected =
      text(where, ": expected a picture (", readable_formats(), "), found ");
  if (bytes.size() == 0) fail(expected, "an empty file");
  if (const auto* format = find_by_bytes(unread, bytes.text())) {
    fail(expected, "a ", format->name, " file; convert it to PNG, as `convert FILE FILE.png` of ",
         "ImageMagick does");
  }
  fail(expected, io::describe(io::identify(bytes.span())));
}

void check_plausible(std::size_t height, std::size_t width, std::size_t bytes,
                     std::string_view format, std::string_view where) {
  constexpr std::size_t always_plausible = std::size_t{1} << 22;
  constexpr std::size_t most_pixels_per_byte = 4096;
  if (height == 0 || width == 0) fail(where, ": ", format, ": no side may be 0");
  if (height > max_pixels / width) {
    fail(where, ": expected at most ", max_pixels, " pixels, found ", height, " x ", width);
  }
  if (height * width > always_plausible && height * width / most_pixels_per_byte > bytes) {
    fail(where, ": ", bytes, " bytes cannot hold a ", format, " of ", height, " x ", width,
         " pixels; the file is truncated or damaged");
  }
}

int exif_orientation(const io::SharedBytes& bytes) { return jpeg_orientation(bytes.span()); }

}  // namespace nescio::image
