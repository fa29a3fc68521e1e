#include "fuzz_target.h"
#include "image/formats/decode.h"

void nescio::read_untrusted(const io::SharedBytes& bytes) {
  image::Image image = image::decode_image(bytes, "jpeg");
  touch(Array({image.pixels.size()}, std::move(image.pixels)));
}
