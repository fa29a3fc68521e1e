#include "cli/score_lines.h"
#include "fuzz_target.h"

void nescio::read_untrusted(const io::SharedBytes& bytes) { cli::parse_score_line(bytes.text()); }
