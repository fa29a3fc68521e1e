#include "io/npz.h"
#include "fuzz_target.h"

void nescio::read_untrusted(const io::SharedBytes& bytes) {
  for (const auto& name : io::npz_members(bytes, "npz")) touch(io::parse_npz(bytes, "npz", name));
}
