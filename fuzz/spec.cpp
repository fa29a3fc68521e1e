#include "base/spec.h"

#include <cstdlib>

#include "fuzz_target.h"

// What can be read is printed and read again, and must come out the same.
void nescio::read_untrusted(const io::SharedBytes& bytes) {
  const Spec spec = parse_spec(bytes.text());
  const std::string printed = print(spec);
  if (print(parse_spec(printed)) != printed) std::abort();
  expand(spec);
}
