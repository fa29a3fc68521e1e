// PNM: the binary formats of Netpbm, PBM (P4), PGM (P5) and PPM (P6).
//   https://netpbm.sourceforge.net/doc/pnm.html
// No library: those there are do not scale to another largest value, or end the program.
#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/error.h"
#include "image/formats/picture_format.h"

namespace nescio::image {
namespace {

class PnmReader {
 public:
  PnmReader(std::span<const std::uint8_t> bytes, std::string_view where)
      : bytes_(bytes), where_(where) {}

  Image decode() {
    const std::uint8_t kind = bytes_[1];
    at_ = 2;
    const std::size_t width = number();
    const std::size_t height = number();
    const std::size_t largest = kind == '4' ? 1 : number();
    if (largest == 0 || largest > 65535) damaged("a largest value outside of 1 .. 65535");
    ++at_;  // one blank
    check_plausible(height, width, bytes_.size(), "PNM", where_);
    Image image{height, width, kind == '6' ? 3U : 1U, {}};
    const std::size_t row =
        kind == '4' ? (width + 7) / 8 : width * image.channels * (largest > 255 ? 2 : 1);
    if (at_ > bytes_.size() || height * row > bytes_.size() - at_) damaged("its pixels end early");
    image.pixels.reserve(height * width * image.channels);
    for (std::size_t y = 0; y < height; ++y) {
      const auto from = bytes_.subspan(at_ + y * row, row);
      for (std::size_t i = 0; i < width * image.channels; ++i) {
        image.pixels.push_back(kind == '4'     ? bit(from, i)
                               : largest > 255 ? wide(from, i, largest, image.channels == 1)
                                               : narrow(from, i, largest));
      }
    }
    return image;
  }

 private:
  [[noreturn]] void damaged(std::string_view why) const {
    fail(where_, ": damaged or truncated PNM: ", why);
  }

  int peek() const { return at_ < bytes_.size() ? bytes_[at_] : -1; }

  /// Behind blanks and comments.
  std::size_t number() {
    while (std::isspace(peek()) || peek() == '#') {
      if (peek() == '#') {
        while (at_ < bytes_.size() && peek() != '\n' && peek() != '\r') ++at_;
      } else {
        ++at_;
      }
    }
    std::size_t value = 0;
    const std::size_t begin = at_;
    for (; std::isdigit(peek()) && at_ - begin < 10; ++at_) {
      value = 10 * value + static_cast<std::size_t>(peek() - '0');
    }
    if (at_ == begin || std::isdigit(peek())) damaged("its header");
    return value;
  }

  static std::uint8_t bit(std::span<const std::uint8_t> row, std::size_t i) {
    return row[i / 8] >> (7 - i % 8) & 1 ? 0 : 255;  // 1 is black
  }
  /// `value` of 0 .. largest as one of 0 .. to, as Pillow rounds.
  static unsigned scaled(std::size_t value, std::size_t largest, unsigned to) {
    const double share = static_cast<double>(value) / static_cast<double>(largest);
    return static_cast<unsigned>(std::min(std::nearbyint(share * to), 1.0 * to));
  }
  static std::uint8_t narrow(std::span<const std::uint8_t> row, std::size_t i,
                             std::size_t largest) {
    return static_cast<std::uint8_t>(scaled(row[i], largest, 255));
  }
  /// Of 16-bit grey the upper byte, as in PNG.
  static std::uint8_t wide(std::span<const std::uint8_t> row, std::size_t i, std::size_t largest,
                           bool grey) {
    const std::size_t value = std::size_t{row[2 * i]} << 8 | row[2 * i + 1];
    return static_cast<std::uint8_t>(grey ? scaled(value, largest, 65535) >> 8
                                          : scaled(value, largest, 255));
  }

  std::span<const std::uint8_t> bytes_;
  std::string_view where_;
  std::size_t at_ = 0;
};

Image decode_pnm(std::span<const std::uint8_t> bytes, std::string_view where) {
  return PnmReader(bytes, where).decode();
}

}  // namespace

namespace formats {
PictureFormat pnm() {
  return {.name = "PNM",
          .bytes = {"P4\n", "P4 ", "P5\n", "P5 ", "P5\r", "P6\n", "P6 ", "P6\r"},
          .suffixes = " .pbm .pgm .ppm .pnm ",
          .decode = decode_pnm};
}
}  // namespace formats
}  // namespace nescio::image
