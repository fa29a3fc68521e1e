#include "io/token_lines.h"

#include <cstdlib>

#include "fuzz_target.h"

// What is taken keeps the promises that the import relies on.
void nescio::read_untrusted(const io::SharedBytes& bytes) {
  constexpr std::int64_t vocabulary = 300;
  for (const io::TokenSlots& slots : io::parse_token_line(bytes.text(), "line", vocabulary)) {
    if (slots.empty()) std::abort();
    for (const io::TokenSlot& slot : slots) {
      if (slot.token < 0 || slot.token >= vocabulary || !(slot.log_p <= 0)) std::abort();
    }
  }
}
