#include "io/npz.h"
#include "fuzz_target.h"

void nescio::read_untrusted(const SharedBytes& bytes) {
  for (const auto& name : npz_members(bytes, "npz")) touch(parse_npz(bytes, "npz", name));
}
