#include "image/decode.h"

#include "base/error.h"
#include "image/jpeg.h"
#include "image/png.h"

namespace nescio {
namespace {

using namespace std::string_view_literals;

/// How other formats begin, so that an error can name them.
struct Format {
  std::string_view name;
  std::size_t at;
  std::string_view bytes;
};

constexpr Format formats[] = {
    {"GIF", 0, "GIF8"sv},
    {"WebP", 8, "WEBP"sv},
    {"TIFF", 0, "II*\0"sv},
    {"TIFF", 0, "MM\0*"sv},
    {"BMP", 0, "BM"sv},
    {"AVIF", 4, "ftypavi"sv},
    {"HEIC", 4, "ftyphe"sv},
    {"HEIC", 4, "ftypmif1"sv},
    {"JPEG 2000", 0, "\0\0\0\x0cjP  "sv},
    {"JPEG 2000", 0, "\xff\x4f\xff\x51"sv},
    {"JPEG XL", 0, "\0\0\0\x0cJXL "sv},
    {"JPEG XL", 0, "\xff\x0a"sv},
    {"Photoshop", 0, "8BPS"sv},
    {"PDF", 0, "%PDF"sv},
    {"gzip", 0, "\x1f\x8b"sv},
    {"zip", 0, "PK\3\4"sv},
    {"HTML or XML", 0, "<"sv},
};

[[noreturn]] void refuse(std::string_view bytes, std::string_view where) {
  if (bytes.empty()) fail(where, ": expected a JPEG or PNG picture, found an empty file");
  for (const Format& format : formats) {
    if (bytes.size() > format.at && bytes.substr(format.at).starts_with(format.bytes)) {
      fail(where, ": expected a JPEG or PNG picture, found a ", format.name,
           " file; convert it to PNG");
    }
  }
  fail(where, ": expected a JPEG or PNG picture, found a file that begins like neither");
}

}  // namespace

Image decode_image(const SharedBytes& bytes, std::string_view where) {
  if (is_jpeg(bytes.span())) return decode_jpeg(bytes.span(), where);
  if (is_png(bytes.span())) return decode_png(bytes.span(), where);
  refuse(bytes.text(), where);
}

int exif_orientation(const SharedBytes& bytes) { return jpeg_orientation(bytes.span()); }

}  // namespace nescio
