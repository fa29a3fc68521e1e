#include "image/idx.h"
#include "fuzz_target.h"

void nescio::read_untrusted(const io::SharedBytes& bytes) { touch(image::parse_idx(bytes, "idx")); }
