#include "io/csv.h"

#include <cstdlib>

#include "fuzz_target.h"

// What can be read is written and read again, and must come out the same.
void nescio::read_untrusted(const SharedBytes& bytes) {
  const auto rows = parse_csv(bytes.text(), "csv");
  std::string written;
  for (const auto& row : rows) written += csv_row(row);
  if (parse_csv(written, "again") != rows) std::abort();
}
