#include "image/jpeg.h"
#include "fuzz_target.h"

void nescio::read_untrusted(const SharedBytes& bytes) {
  jpeg_orientation(bytes.span());
  Image image = decode_jpeg(bytes.span(), "jpeg");
  touch(Array({image.pixels.size()}, std::move(image.pixels)));
}
