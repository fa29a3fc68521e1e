// TIFF, by libtiff.
#include <tiffio.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "image/formats/picture_format.h"

namespace nescio::image {
namespace {

using namespace std::string_view_literals;

/// Bytes in memory as libtiff takes a file, and the first thing that it complained about.
struct Source {
  std::span<const std::uint8_t> bytes;
  std::size_t at = 0;
  char complaint[256] = "";

  static Source& of(thandle_t handle) { return *static_cast<Source*>(handle); }
  static tmsize_t read(thandle_t handle, void* to, tmsize_t count) {
    Source& source = of(handle);
    const std::size_t left = source.bytes.size() - std::min(source.at, source.bytes.size());
    const std::size_t given = std::min(static_cast<std::size_t>(count), left);
    if (given > 0) std::memcpy(to, source.bytes.data() + source.at, given);
    source.at += given;
    return static_cast<tmsize_t>(given);
  }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return -1; }
  static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    Source& source = of(handle);
    const std::size_t from = whence == SEEK_CUR   ? source.at
                             : whence == SEEK_END ? source.bytes.size()
                                                  : 0;
    source.at = from + offset;
    return source.at;
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t handle) { return of(handle).bytes.size(); }

  /// libtiff reads what is mapped in its place and writes nothing there; unmapped, 4.5.0 takes tiles for
  /// damaged whose bytes are no multiple of 1024.
  static int map(thandle_t handle, void** base, toff_t* size) {
    *base = const_cast<std::uint8_t*>(of(handle).bytes.data());
    *size = of(handle).bytes.size();
    return 1;
  }
  static void unmap(thandle_t, void*, toff_t) {}

  static int keep_error(TIFF*, void* data, const char*, const char* format, va_list arguments) {
    Source& source = *static_cast<Source*>(data);
    if (source.complaint[0] == '\0') {
      std::vsnprintf(source.complaint, sizeof(source.complaint), format, arguments);
    }
    return 1;  // said
  }
  /// After its warnings the decoder of JPEG goes on with invented pixels.
  static int keep_warning(TIFF* tiff, void* data, const char* module, const char* format,
                          va_list arguments) {
    if (module != "JPEGLib"sv) return 1;
    return keep_error(tiff, data, module, format, arguments);
  }
};

/// What one allocation of libtiff may take: a row of tiles, say, of a picture that is plausible.
tmsize_t most_memory(std::size_t file_bytes) {
  return static_cast<tmsize_t>((std::size_t{1} << 26) + file_bytes * 4096);
}

class TiffReader {
 public:
  TiffReader(std::span<const std::uint8_t> bytes, std::string_view where)
      : where_(where), source_{.bytes = bytes} {
    const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(
        TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree);
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), Source::keep_error, &source_);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), Source::keep_warning, &source_);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), most_memory(bytes.size()));
    tiff_ =
        TIFFClientOpenExt("TIFF", "r", &source_, Source::read, Source::write, Source::seek,
                          Source::close, Source::size, Source::map, Source::unmap, options.get());
    if (!tiff_) damaged();
  }
  ~TiffReader() { TIFFClose(tiff_); }
  TiffReader(const TiffReader&) = delete;
  TiffReader& operator=(const TiffReader&) = delete;

  Image first_page() {
    check_samples();
    check_plausible(field<std::uint32_t>(TIFFTAG_IMAGELENGTH),
                    field<std::uint32_t>(TIFFTAG_IMAGEWIDTH), source_.bytes.size(), "TIFF", where_);
    char reason[1024] = "";
    TIFFRGBAImage image;
    if (!TIFFRGBAImageOK(tiff_, reason) || !TIFFRGBAImageBegin(&image, tiff_, 1, reason)) {
      fail(where_, ": a TIFF that libtiff does not read: ", reason);
    }
    const std::unique_ptr<TIFFRGBAImage, void (*)(TIFFRGBAImage*)> guard(&image, TIFFRGBAImageEnd);
    convert_as_pillow(image);
    image.req_orientation = image.orientation;  // nothing is turned yet
    std::vector<std::uint32_t> raster(std::size_t{image.width} * image.height);
    const bool whole = TIFFRGBAImageGet(&image, raster.data(), image.width, image.height);
    if (!whole || source_.complaint[0] != '\0') damaged();
    if (is_premultiplied()) divide_by_alpha(raster);
    const bool grey =
        image.photometric == PHOTOMETRIC_MINISBLACK || image.photometric == PHOTOMETRIC_MINISWHITE;
    return turned(raster, image.height, image.width, grey ? 1 : 3, image.orientation);
  }

 private:
  [[noreturn]] void damaged() const {
    fail(where_, ": damaged or truncated TIFF: ", printable(source_.complaint));
  }

  template <class T>
  T field(std::uint32_t tag) const {
    T value{};
    TIFFGetFieldDefaulted(tiff_, tag, &value);
    return value;
  }

  void check_samples() const {
    const auto bits = field<std::uint16_t>(TIFFTAG_BITSPERSAMPLE);
    const auto format = field<std::uint16_t>(TIFFTAG_SAMPLEFORMAT);
    if (bits <= 16 && (format == SAMPLEFORMAT_UINT || format == SAMPLEFORMAT_VOID)) return;
    fail(where_, ": expected a TIFF of unsigned numbers of 1 to 16 bits, found ",
         format == SAMPLEFORMAT_IEEEFP ? "floating-point"
         : format == SAMPLEFORMAT_INT  ? "signed"
         : format == SAMPLEFORMAT_UINT ? "unsigned"
                                       : "other",
         " ones of ", bits, " bits; scale them to 0 .. 255 and save them as PNG");
  }

  /// libtiff rounds 16 bits to 8, multiplies colours by their alpha and takes 65280 / 65535 of a
  /// palette's white; its tables of these are there to be changed.
  void convert_as_pillow(TIFFRGBAImage& image) const {
    for (unsigned v = 0; image.Bitdepth16To8 && v < 65536; ++v) {
      image.Bitdepth16To8[v] = static_cast<std::uint8_t>(v >> 8);
    }
    for (unsigned v = 0; image.UaToAa && v < 65536; ++v) {
      image.UaToAa[v] = static_cast<std::uint8_t>(v & 0xff);
    }
    if (image.PALmap) fill_palette(image);
  }

  void fill_palette(TIFFRGBAImage& image) const {
    std::uint16_t* channels[3] = {};
    if (!TIFFGetField(tiff_, TIFFTAG_COLORMAP, &channels[0], &channels[1], &channels[2])) return;
    const unsigned bits = image.bitspersample;
    const std::size_t colours = std::size_t{1} << bits;
    // Some programs write 8 bits.
    const bool narrow = std::ranges::all_of(channels, [&](const std::uint16_t* values) {
      return std::all_of(values, values + colours, [](std::uint16_t v) { return v < 256; });
    });
    for (unsigned byte = 0; byte < 256; ++byte) {
      for (unsigned k = 0; k < 8 / bits; ++k) {
        const std::size_t index = byte >> (8 - bits * (k + 1)) & (colours - 1);
        std::uint32_t packed = 0xff000000;
        for (unsigned c = 0; c < 3; ++c) {
          const auto value = std::uint32_t{channels[c][index]};
          packed |= (narrow ? value : value >> 8) << 8 * c;
        }
        image.PALmap[byte][k] = packed;
      }
    }
  }

  bool is_premultiplied() const {
    std::uint16_t count = 0;
    std::uint16_t* kinds = nullptr;
    return TIFFGetField(tiff_, TIFFTAG_EXTRASAMPLES, &count, &kinds) && count > 0 &&
           kinds[0] == EXTRASAMPLE_ASSOCALPHA;
  }

  static void divide_by_alpha(std::vector<std::uint32_t>& raster) {
    for (std::uint32_t& pixel : raster) {
      const std::uint32_t alpha = TIFFGetA(pixel);
      if (alpha == 0 || alpha == 255) continue;
      std::uint32_t divided = 0;
      for (unsigned shift = 0; shift < 24; shift += 8) {
        divided |= std::min((pixel >> shift & 0xff) * 255 / alpha, 255u) << shift;
      }
      pixel = divided;
    }
  }

  /// As the tag of orientation asks: what the first row and column of the file stand for.
  static Image turned(const std::vector<std::uint32_t>& raster, std::size_t height,
                      std::size_t width, std::size_t channels, unsigned orientation) {
    const bool transposed = orientation >= ORIENTATION_LEFTTOP;
    const auto is_one_of = [&](unsigned a, unsigned b, unsigned c, unsigned d) {
      return orientation == a || orientation == b || orientation == c || orientation == d;
    };
    const bool from_below = is_one_of(ORIENTATION_BOTRIGHT, ORIENTATION_BOTLEFT,
                                      ORIENTATION_RIGHTTOP, ORIENTATION_RIGHTBOT);
    const bool from_right = is_one_of(ORIENTATION_TOPRIGHT, ORIENTATION_BOTRIGHT,
                                      ORIENTATION_RIGHTBOT, ORIENTATION_LEFTBOT);
    Image image{transposed ? width : height, transposed ? height : width, channels, {}};
    image.pixels.resize(raster.size() * channels);
    for (std::size_t y = 0; y < height; ++y) {
      const std::size_t row = from_below ? height - 1 - y : y;
      for (std::size_t x = 0; x < width; ++x) {
        const std::size_t column = from_right ? width - 1 - x : x;
        const std::size_t at = transposed ? column * height + row : row * width + column;
        const std::uint32_t pixel = raster[y * width + x];
        for (std::size_t c = 0; c < channels; ++c) {
          image.pixels[at * channels + c] = static_cast<std::uint8_t>(pixel >> 8 * c);
        }
      }
    }
    return image;
  }

  std::string_view where_;
  Source source_;
  TIFF* tiff_ = nullptr;
};

/// The first page, in whatever way it is packed. 16-bit grey keeps its upper byte as in PNG; CMYK may
/// differ from Pillow's by 1. Refused: more than 16 bits, signed and floating-point numbers.
Image decode_tiff(std::span<const std::uint8_t> bytes, std::string_view where) {
  return TiffReader(bytes, where).first_page();
}

}  // namespace

namespace formats {
PictureFormat tiff() {
  return {.name = "TIFF",
          .bytes = {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv},
          .suffixes = " .tif .tiff ",
          .decode = decode_tiff};
}
}  // namespace formats
}  // namespace nescio::image
