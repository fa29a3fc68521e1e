// GIF, by giflib.
#include <gif_lib.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "image/formats/picture_format.h"

namespace nescio::image {
namespace {

/// giflib's state over bytes in memory.
class GifReader {
 public:
  GifReader(std::span<const std::uint8_t> bytes, std::string_view where)
      : bytes_(bytes), left_(bytes), where_(where) {
    int error = 0;
    gif_ = DGifOpen(&left_, give, &error);
    if (!gif_) damaged();
  }
  ~GifReader() { DGifCloseFile(gif_, nullptr); }
  GifReader(const GifReader&) = delete;
  GifReader& operator=(const GifReader&) = delete;

  /// The first frame. What it leaves of the canvas has the transparent colour, or else the first
  /// one; a canvas that is too small grows: both as in Pillow.
  Image first_frame() {
    pass_to_frame();
    const GifImageDesc& frame = gif_->Image;
    const ColorMapObject* map = frame.ColorMap ? frame.ColorMap : gif_->SColorMap;
    if (!map) fail(where_, ": a GIF without a table of colours");
    const std::size_t top = side(frame.Top), left = side(frame.Left);
    const std::size_t rows = side(frame.Height), columns = side(frame.Width);
    const std::size_t height = std::max(side(gif_->SHeight), top + rows);
    const std::size_t width = std::max(side(gif_->SWidth), left + columns);
    check_plausible(height, width, bytes_.size(), "GIF", where_);
    const auto outside = static_cast<GifPixelType>(std::max(transparent_, 0));
    std::vector<GifPixelType> canvas(height * width, outside);
    const auto read_rows = [&](std::size_t from, std::size_t step) {
      for (std::size_t y = from; y < rows; y += step) {
        GifPixelType* to = canvas.data() + (top + y) * width + left;
        if (DGifGetLine(gif_, to, frame.Width) != GIF_OK) damaged();
      }
    };
    if (frame.Interlace) {
      read_rows(0, 8);
      read_rows(4, 8);
      read_rows(2, 4);
      read_rows(1, 2);
    } else {
      read_rows(0, 1);
    }
    return coloured(canvas, *map, height, width);
  }

 private:
  static int give(GifFileType* gif, GifByteType* to, int count) {
    auto& left = *static_cast<std::span<const std::uint8_t>*>(gif->UserData);
    const std::size_t given = std::min(static_cast<std::size_t>(count), left.size());
    std::memcpy(to, left.data(), given);
    left = left.subspan(given);
    return static_cast<int>(given);
  }
  static std::size_t side(GifWord length) {
    return length < 0 ? 0 : static_cast<std::size_t>(length);
  }
  [[noreturn]] void damaged() const { fail(where_, ": damaged or truncated GIF"); }

  /// Up to the pixels of the first frame; the graphics extension before it names what is transparent.
  void pass_to_frame() {
    for (;;) {
      GifRecordType record = UNDEFINED_RECORD_TYPE;
      if (DGifGetRecordType(gif_, &record) != GIF_OK) damaged();
      if (record == TERMINATE_RECORD_TYPE) fail(where_, ": a GIF without a picture");
      if (record == IMAGE_DESC_RECORD_TYPE) break;
      if (record == EXTENSION_RECORD_TYPE) pass_extension();
    }
    if (DGifGetImageDesc(gif_) != GIF_OK) damaged();
  }

  void pass_extension() {
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(gif_, &code, &block) != GIF_OK) damaged();
    while (block) {
      GraphicsControlBlock control;
      if (code == GRAPHICS_EXT_FUNC_CODE &&
          DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK) {
        transparent_ = control.TransparentColor;
      }
      if (DGifGetExtensionNext(gif_, &block) != GIF_OK) damaged();
    }
  }

  /// Indices beyond the table are black, as in Pillow.
  static Image coloured(const std::vector<GifPixelType>& canvas, const ColorMapObject& map,
                        std::size_t height, std::size_t width) {
    Image image{height, width, 3, {}};
    image.pixels.reserve(3 * canvas.size());
    for (const GifPixelType index : canvas) {
      const GifColorType colour =
          index < map.ColorCount ? map.Colors[index] : GifColorType{0, 0, 0};
      image.pixels.insert(image.pixels.end(), {colour.Red, colour.Green, colour.Blue});
    }
    return image;
  }

  std::span<const std::uint8_t> bytes_;
  std::span<const std::uint8_t> left_;
  std::string_view where_;
  GifFileType* gif_ = nullptr;
  int transparent_ = -1;
};

Image decode_gif(std::span<const std::uint8_t> bytes, std::string_view where) {
  return GifReader(bytes, where).first_frame();
}

}  // namespace

namespace formats {
PictureFormat gif() {
  return {.name = "GIF", .at = 0, .bytes = {"GIF8"}, .suffixes = " .gif ", .decode = decode_gif};
}
}  // namespace formats
}  // namespace nescio::image
