// What this program is made of.
#pragma once

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace nescio {

/// ("nescio", "0.1.0"), ("compiler", "GCC 12.2.0"), ("SIMD", "AVX3"), ("oneDNN", ...), ("BLAS",
/// ...), ("libtorch", ...): what results may depend on.
std::vector<std::pair<std::string, std::string>> versions();

/// Prints them to `out`; warns on `log` where a library is a slow stand-in.
void write_versions(std::ostream& out, std::ostream& log, bool json);

}  // namespace nescio
