#include "io/text_array.h"

#include "fuzz_target.h"

void nescio::read_untrusted(const io::SharedBytes& bytes) {
  for (const auto& [name, array] : io::parse_text_arrays(bytes.text(), "file")) touch(array);
  touch(io::parse_text_columns(bytes.text(), "file", "*"));
}
