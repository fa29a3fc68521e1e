#include "bank/manifest.h"

#include "fuzz_target.h"
#include "io/json_file.h"

void nescio::read_untrusted(const SharedBytes& bytes) {
  to_manifest(parse_json(bytes.text(), "bank.json"), "bank.json");
}
