#include "io/torch_file.h"
#include "fuzz_target.h"

void nescio::read_untrusted(const SharedBytes& bytes) {
  for (const auto& [name, array] : parse_torch_weights(bytes, "pth")) touch(array);
}
