#include "bank/manifest.h"

#include "fuzz_target.h"
#include "io/json_file.h"

void nescio::read_untrusted(const io::SharedBytes& bytes) {
  bank::to_manifest(io::parse_json(bytes.text(), "bank.json"), "bank.json");
}
