// No reader: takes what the replay must not let an input take.
#include <vector>

#include "fuzz_target.h"

void nescio::read_untrusted(const io::SharedBytes& bytes) {
  if (bytes.text() == "memory") {
    const std::size_t four_gib = std::size_t{4} << 30;
    touch(Array({four_gib}, std::vector<std::uint8_t>(four_gib)));
  }
  for (volatile bool endless = bytes.text() == "time"; endless;) continue;
}
