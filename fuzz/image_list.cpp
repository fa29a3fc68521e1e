#include "image/image_list.h"
#include "fuzz_target.h"

void nescio::read_untrusted(const io::SharedBytes& bytes) {
  image::parse_image_list(bytes.text(), "list");
}
