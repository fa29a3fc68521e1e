// WebP, lossy and lossless, by libwebp.
#include <webp/demux.h>

#include <memory>

#include "base/error.h"
#include "image/formats/picture_format.h"

namespace nescio::image {
namespace {

/// The first frame on its canvas, without transparency, which Pillow drops too.
Image decode_webp(std::span<const std::uint8_t> bytes, std::string_view where) {
  const auto damaged = [&] { fail(where, ": damaged or truncated WebP"); };
  const WebPData data{bytes.data(), bytes.size()};
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(bytes.data(), bytes.size(), &features) != VP8_STATUS_OK) damaged();
  check_plausible(static_cast<std::size_t>(features.height),
                  static_cast<std::size_t>(features.width), bytes.size(), "WebP", where);
  WebPAnimDecoderOptions options;
  if (!WebPAnimDecoderOptionsInit(&options)) fail(where, ": libwebp is of another version");
  options.color_mode = MODE_RGBA;
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> decoder(
      WebPAnimDecoderNew(&data, &options), WebPAnimDecoderDelete);
  std::uint8_t* rgba = nullptr;
  int time = 0;
  WebPAnimInfo canvas;
  if (!decoder || !WebPAnimDecoderGetInfo(decoder.get(), &canvas) ||
      canvas.canvas_width != static_cast<std::uint32_t>(features.width) ||
      canvas.canvas_height != static_cast<std::uint32_t>(features.height) ||
      !WebPAnimDecoderGetNext(decoder.get(), &rgba, &time)) {
    damaged();
  }
  Image image{
      static_cast<std::size_t>(features.height), static_cast<std::size_t>(features.width), 3, {}};
  image.pixels.resize(image.height * image.width * 3);
  for (std::size_t i = 0; i < image.height * image.width; ++i) {
    for (std::size_t c = 0; c < 3; ++c) image.pixels[3 * i + c] = rgba[4 * i + c];
  }
  return image;
}

}  // namespace

namespace formats {
PictureFormat webp() {
  return {.name = "WebP", .at = 8, .bytes = {"WEBP"}, .suffixes = " .webp ", .decode = decode_webp};
}
}  // namespace formats
}  // namespace nescio::image
