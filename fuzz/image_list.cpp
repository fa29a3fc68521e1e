#include "image/image_list.h"
#include "fuzz_target.h"

void nescio::read_untrusted(const SharedBytes& bytes) { parse_image_list(bytes.text(), "list"); }
