#include "image/idx.h"
#include "fuzz_target.h"

void nescio::read_untrusted(const SharedBytes& bytes) { touch(parse_idx(bytes, "idx")); }
