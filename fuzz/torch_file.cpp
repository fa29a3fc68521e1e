#include "io/torch_file.h"
#include "fuzz_target.h"

void nescio::read_untrusted(const SharedBytes& bytes) {
  for (const auto& [name, array] : join_groups(parse_torch_file(bytes, "pth"))) touch(array);
}
