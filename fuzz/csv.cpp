#include "io/csv.h"

#include <cstdlib>

#include "fuzz_target.h"

// What can be read is written and read again, and must come out the same.
void nescio::read_untrusted(const io::SharedBytes& bytes) {
  const auto rows = io::parse_csv(bytes.text(), "csv");
  std::string written;
  for (const auto& row : rows) written += io::csv_row(row);
  if (io::parse_csv(written, "again") != rows) std::abort();
}
