// JPEG, by libjpeg-turbo.
#include "image/formats/jpeg.h"

#include <cstdio>  // jpeglib.h needs it and does not say so

#include <jpeglib.h>

// After jpeglib.h, which says for which release of the interface messages are numbered (Ubuntu's is 8, not 6.2).
#include <jerror.h>

#include <algorithm>

#include "base/error.h"
#include "image/formats/decode.h"
#include "image/formats/longjmp_guard.h"
#include "image/formats/picture_format.h"

namespace nescio::image {
namespace {

// Progressive files have about ten scans; a small hostile one can ask for millions.
constexpr int most_scans = 500;

// A block of 8 x 8 takes at least one bit.
constexpr std::size_t most_pixels_per_byte = 8 * 64;

/// Warnings that cost no pixels; after all others libjpeg goes on with invented ones.
bool is_harmless(int warning) {
  switch (warning) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_NOT_SEQUENTIAL: return true;
    default: return false;
  }
}

/// libjpeg's state and where its errors go.
class Decompressor {
 public:
  Decompressor(std::span<const std::uint8_t> bytes, std::string_view where)
      : bytes_(bytes), where_(where) {
    state_.err = jpeg_std_error(&errors_);
    state_.client_data = &guard_;
    errors_.error_exit = leave;
    errors_.emit_message = leave_if_harmful;
    progress_.progress_monitor = limit_scans;
  }
  ~Decompressor() { jpeg_destroy_decompress(&state_); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  Image decode() {
    run([this] { read_header(); });
    check_size();
    run([this] { jpeg_start_decompress(&state_); });
    const auto channels = static_cast<std::size_t>(state_.output_components);
    Image image{state_.output_height, state_.output_width, channels, {}};
    image.pixels.resize(image.height * image.width * channels);
    run([this, pixels = image.pixels.data(), row = image.width * channels] {
      while (state_.output_scanline < state_.output_height) {
        JSAMPROW to = pixels + state_.output_scanline * row;
        jpeg_read_scanlines(&state_, &to, 1);
      }
    });
    return image;
  }

 private:
  static LongjmpGuard& guard_of(j_common_ptr state) {
    return *static_cast<LongjmpGuard*>(state->client_data);
  }
  [[noreturn]] static void leave(j_common_ptr state) {
    static_assert(sizeof(LongjmpGuard::reason) >= JMSG_LENGTH_MAX);
    state->err->format_message(state, guard_of(state).reason);
    guard_of(state).leave();
  }
  static void leave_if_harmful(j_common_ptr state, int level) {
    if (level < 0 && !is_harmless(state->err->msg_code)) leave(state);
  }
  static void limit_scans(j_common_ptr state) {
    if (reinterpret_cast<j_decompress_ptr>(state)->input_scan_number <= most_scans) return;
    std::snprintf(guard_of(state).reason, sizeof(LongjmpGuard::reason), "more than %d scans",
                  most_scans);
    guard_of(state).leave();
  }

  template <class Step>
  void run(const Step& step) {
    if (!guard_.run(step)) fail(where_, ": damaged or truncated JPEG: ", guard_.reason);
  }

  void read_header() {
    jpeg_create_decompress(&state_);
    state_.progress = &progress_;
    jpeg_mem_src(&state_, bytes_.data(), static_cast<unsigned long>(bytes_.size()));
    jpeg_read_header(&state_, TRUE);
    if (state_.num_components == 4) state_.out_color_space = JCS_CMYK;
  }

  void check_size() {
    const std::size_t pixels = std::size_t{state_.image_height} * state_.image_width;
    if (pixels > max_pixels) {
      fail(where_, ": expected at most ", max_pixels, " pixels, found ", state_.image_height, " x ",
           state_.image_width);
    }
    if (pixels / most_pixels_per_byte > bytes_.size()) {
      fail(where_, ": ", bytes_.size(), " bytes cannot hold a JPEG of ", state_.image_height, " x ",
           state_.image_width, " pixels; the file is truncated or damaged");
    }
    const int components = state_.num_components;
    if (components != 1 && components != 3 && components != 4) {
      fail(where_, ": expected a JPEG of 1, 3 or 4 components, found ", components);
    }
  }

  std::span<const std::uint8_t> bytes_;
  std::string_view where_;
  LongjmpGuard guard_;
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  jpeg_decompress_struct state_{};
};

/// a b / 255, rounded.
int product(int a, int b) {
  const int x = a * b + 128;
  return (x + (x >> 8)) >> 8;
}

/// Inks, stored inverted, on white paper: the arithmetic of Pillow.
Image rgb_of_inverted_cmyk(const Image& inks) {
  Image image{inks.height, inks.width, 3, {}};
  image.pixels.resize(inks.height * inks.width * 3);
  const std::uint8_t* from = inks.pixels.data();
  for (auto to = image.pixels.begin(); to != image.pixels.end(); from += 4) {
    const int light = from[3];
    for (int c = 0; c < 3; ++c) {
      *to++ = static_cast<std::uint8_t>(light - product(255 - from[c], light));
    }
  }
  return image;
}

/// Sequential or progressive, Huffman or arithmetic. Accurate integer transform, smooth upsampling
/// of colour, CMYK and YCCK taken as Adobe writes them (inverted), as Pillow does. Refused: damaged
/// and truncated data (libjpeg would make do with grey in their place), 12 bits, 2 or more than 4
/// components.
Image decode_jpeg(std::span<const std::uint8_t> bytes, std::string_view where) {
  Image image = Decompressor(bytes, where).decode();
  return image.channels == 4 ? rgb_of_inverted_cmyk(image) : image;
}

/// Numbers of a TIFF block, which says itself in which order their bytes are.
class Tiff {
 public:
  explicit Tiff(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  /// The number of `count` bytes at `at`; 0 beyond the end.
  std::size_t number(std::size_t at, std::size_t count) const {
    if (at > bytes_.size() || bytes_.size() - at < count) return 0;
    const bool little = bytes_[0] == 'I';
    std::size_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      value = value << 8 | bytes_[at + (little ? count - 1 - i : i)];
    }
    return value;
  }

  /// The value of tag 0x0112 in the first directory; 1 if that is nowhere or not 1 to 8.
  int orientation() const {
    constexpr std::size_t entry_bytes = 12;
    const std::size_t directory = number(4, 4);
    const std::size_t entries = number(directory, 2);
    for (std::size_t i = 0; i < entries; ++i) {
      const std::size_t entry = directory + 2 + i * entry_bytes;
      if (number(entry, 2) != 0x0112) continue;
      const auto value = static_cast<int>(number(entry + 8, 2));
      return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace

int jpeg_orientation(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 3 || bytes[0] != 0xff || bytes[1] != 0xd8) return 1;
  // Segments: FF, a marker, a length that counts itself, content; pixels follow the marker DA.
  for (std::size_t at = 2; bytes.size() - at >= 4 && bytes[at] == 0xff && bytes[at + 1] != 0xda;) {
    const std::size_t length = std::size_t{bytes[at + 2]} << 8 | bytes[at + 3];
    if (length < 2 || bytes.size() - at - 2 < length) return 1;
    const auto content = bytes.subspan(at + 4, length - 2);
    constexpr std::string_view exif{"Exif\0\0", 6};
    if (bytes[at + 1] == 0xe1 && content.size() > exif.size() &&
        std::equal(exif.begin(), exif.end(), content.begin())) {
      return Tiff(content.subspan(exif.size())).orientation();
    }
    at += 2 + length;
  }
  return 1;
}

namespace formats {
PictureFormat jpeg() {
  return {.name = "JPEG",
          .at = 0,
          .bytes = {"\xff\xd8\xff"},
          .suffixes = " .jpg .jpeg .jpe .jfif .jif ",
          .decode = decode_jpeg};
}
}  // namespace formats

}  // namespace nescio::image
