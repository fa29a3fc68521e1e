#include "fuzz_target.h"
#include "monitoring/score_lines.h"

void nescio::read_untrusted(const io::SharedBytes& bytes) {
  monitoring::parse_score_line(bytes.text());
}
