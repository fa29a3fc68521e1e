#include "image/decode.h"

#include <cctype>
#include <string>

#include "base/error.h"
#include "image/jpeg.h"
#include "image/png.h"

namespace nescio {
namespace {

using namespace std::string_view_literals;

using Decode = Image (*)(std::span<const std::uint8_t> bytes, std::string_view where);

/// How the files of a format begin and, in lower case, what their names end in.
struct Format {
  std::string_view name;
  std::size_t at;
  std::string_view bytes;
  std::string_view suffixes = {};
  Decode decode = nullptr;  // of formats that are read
  bool picture = true;
};

constexpr Format formats[] = {
    {"JPEG", 0, "\xff\xd8\xff"sv, " .jpg .jpeg .jpe .jfif .jif ", decode_jpeg},
    {"PNG", 0, "\x89PNG\r\n\x1a\n"sv, " .png .apng ", decode_png},
    {"GIF", 0, "GIF8"sv, " .gif "},
    {"WebP", 8, "WEBP"sv, " .webp "},
    {"TIFF", 0, "II*\0"sv, " .tif .tiff "},
    {"TIFF", 0, "MM\0*"sv},
    {"TIFF", 0, "II+\0"sv},
    {"TIFF", 0, "MM\0+"sv},
    {"BMP", 0, "BM"sv, " .bmp .dib "},
    {"PBM", 0, "P1\n"sv, " .pbm .pnm "},
    {"PGM", 0, "P2\n"sv, " .pgm "},
    {"PPM", 0, "P3\n"sv, " .ppm "},
    {"PBM", 0, "P4\n"sv},
    {"PGM", 0, "P5\n"sv},
    {"PPM", 0, "P6\n"sv},
    {"AVIF", 4, "ftypavi"sv, " .avif "},
    {"HEIC", 4, "ftyphe"sv, " .heic .heif .hif "},
    {"HEIC", 4, "ftypmif1"sv},
    {"JPEG 2000", 0, "\0\0\0\x0cjP  "sv, " .jp2 .j2k .jpx .jpf "},
    {"JPEG 2000", 0, "\xff\x4f\xff\x51"sv},
    {"JPEG XL", 0, "\0\0\0\x0cJXL "sv, " .jxl "},
    {"JPEG XL", 0, "\xff\x0a"sv},
    {"Photoshop", 0, "8BPS"sv, " .psd "},
    {"OpenEXR", 0, "\x76\x2f\x31\x01"sv, " .exr "},
    {"Radiance", 0, "#?RADIANCE"sv, " .hdr "},
    {"QOI", 0, "qoif"sv, " .qoi "},
    {"SVG", 0, "<svg"sv, " .svg "},
    {"icon", 0, "\0\0\1\0"sv, " .ico .cur "},
    {"TARGA", 0, {}, " .tga "},
    {"raw camera", 0, {}, " .dng .cr2 .cr3 .nef .arw .orf .rw2 .raf .raw "},
    {"PDF", 0, "%PDF"sv, {}, nullptr, false},
    {"gzip", 0, "\x1f\x8b"sv, {}, nullptr, false},
    {"zip", 0, "PK\3\4"sv, {}, nullptr, false},
    {"HTML or XML", 0, "<"sv, {}, nullptr, false},
};

const Format* find_format(std::string_view first_bytes) {
  for (const Format& format : formats) {
    if (!format.bytes.empty() && first_bytes.size() >= format.at &&
        first_bytes.substr(format.at).starts_with(format.bytes)) {
      return &format;
    }
  }
  return nullptr;
}

FileKind kind_of(const Format* format) {
  if (!format || !format->picture) return {};
  return {format->name, format->decode != nullptr};
}

}  // namespace

FileKind kind_by_bytes(std::string_view first_bytes) { return kind_of(find_format(first_bytes)); }

FileKind kind_by_name(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  std::string suffix(name.substr(dot));
  for (char& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const Format& format : formats) {
    if (format.suffixes.find(text(' ', suffix, ' ')) != std::string_view::npos) {
      return kind_of(&format);
    }
  }
  return {};
}

Image decode_image(const SharedBytes& bytes, std::string_view where) {
  const Format* format = find_format(bytes.text());
  if (format && format->decode) return format->decode(bytes.span(), where);
  const std::string expected = text(where, ": expected a JPEG or PNG picture, found ");
  if (bytes.size() == 0) fail(expected, "an empty file");
  if (!format) fail(expected, "a file that begins like neither");
  fail(
      expected, "a ", format->name, " file",
      format->picture ? "; convert it to PNG, as `convert FILE FILE.png` of ImageMagick does" : "");
}

int exif_orientation(const SharedBytes& bytes) { return jpeg_orientation(bytes.span()); }

}  // namespace nescio
