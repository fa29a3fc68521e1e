#include "image/png.h"
#include "fuzz_target.h"

void nescio::read_untrusted(const SharedBytes& bytes) {
  Image image = decode_png(bytes.span(), "png");
  touch(Array({image.pixels.size()}, std::move(image.pixels)));
}
