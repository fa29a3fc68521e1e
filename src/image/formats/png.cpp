// PNG, by libpng.
#include <png.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/error.h"
#include "image/formats/decode.h"
#include "image/formats/longjmp_guard.h"
#include "image/formats/picture_format.h"

namespace nescio::image {
namespace {

// A resize holds weights in proportion to a side; this is libpng's own limit, too.
constexpr std::size_t max_png_side = 1'000'000;

// The most that deflate can unpack from one byte.
constexpr std::size_t most_bytes_per_byte = 1032;

/// libpng's state and where its errors go.
class PngReader {
 public:
  PngReader(std::span<const std::uint8_t> bytes, std::string_view where)
      : bytes_(bytes),
        left_(bytes),
        where_(where),
        png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, &guard_, leave, ignore)),
        info_(png_ ? png_create_info_struct(png_) : nullptr) {
    if (!info_) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      fail(where, ": libpng cannot start");
    }
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  Image decode() {
    run([this] { read_header(); });
    check_size();
    run([this] { ask_for_bytes(); });
    Image image{png_get_image_height(png_, info_),
                png_get_image_width(png_, info_),
                png_get_channels(png_, info_),
                {}};
    image.pixels.resize(image.height * png_get_rowbytes(png_, info_));
    run([this, &image] {
      for (int pass = 0; pass < passes_; ++pass) {
        std::uint8_t* row = image.pixels.data();
        for (std::size_t y = 0; y < image.height; ++y, row += image.width * image.channels) {
          png_read_row(png_, row, nullptr);
        }
      }
    });
    return image;
  }

 private:
  [[noreturn]] static void leave(png_structp png, png_const_charp message) {
    auto& guard = *static_cast<LongjmpGuard*>(png_get_error_ptr(png));
    std::snprintf(guard.reason, sizeof(guard.reason), "%s", message);
    guard.leave();
  }
  static void ignore(png_structp, png_const_charp) {}

  static void give(png_structp png, png_bytep to, std::size_t count) {
    auto& left = *static_cast<std::span<const std::uint8_t>*>(png_get_io_ptr(png));
    if (count > left.size()) png_error(png, "the file ends early");
    std::memcpy(to, left.data(), count);
    left = left.subspan(count);
  }

  template <class Step>
  void run(const Step& step) {
    if (!guard_.run(step)) fail(where_, ": damaged or truncated PNG: ", guard_.reason);
  }

  void read_header() {
    png_set_read_fn(png_, &left_, give);
    // Texts, profiles and the like, which may unpack to anything, are passed over.
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // check_size() follows
    png_read_info(png_, info_);
  }

  void check_size() {
    const std::size_t height = png_get_image_height(png_, info_);
    const std::size_t width = png_get_image_width(png_, info_);
    if (std::max(height, width) > max_png_side || height > max_pixels / width) {
      fail(where_, ": expected at most ", max_pixels, " pixels, ", max_png_side, " a side, found ",
           height, " x ", width);
    }
    if (height * png_get_rowbytes(png_, info_) / most_bytes_per_byte > bytes_.size()) {
      fail(where_, ": ", bytes_.size(), " bytes cannot hold a PNG of ", height, " x ", width,
           " pixels; the file is truncated or damaged");
    }
  }

  /// One byte per channel, without transparency.
  void ask_for_bytes() {
    png_set_strip_16(png_);
    png_set_expand(png_);
    png_set_strip_alpha(png_);
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
  }

  std::span<const std::uint8_t> bytes_;
  std::span<const std::uint8_t> left_;
  std::string_view where_;
  LongjmpGuard guard_;
  png_structp png_;
  png_infop info_;
  int passes_ = 1;
};

/// Of any colour type, depth and interlacing. Palettes are expanded, transparency is dropped, gamma
/// and colour profiles are not applied. Of 16 bits the upper 8 are kept, also for grey, which
/// Pillow's convert("RGB") clips instead (256 and up: white). Refused: more than a million on a side.
Image decode_png(std::span<const std::uint8_t> bytes, std::string_view where) {
  return PngReader(bytes, where).decode();
}

}  // namespace

namespace formats {
PictureFormat png() {
  return {.name = "PNG",
          .at = 0,
          .bytes = {"\x89PNG\r\n\x1a\n"},
          .suffixes = " .png .apng ",
          .decode = decode_png};
}
}  // namespace formats

}  // namespace nescio::image
