// What this program is made of.
#pragma once

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace nescio::cli {

using Versions = std::vector<std::pair<std::string, std::string>>;

/// ("nescio", "0.1.0"), ("compiler", "GCC 12.2.0"), ("SIMD", "AVX3"), ("oneDNN", ...), ("BLAS",
/// ...), where a network was needed ("libtorch", ...): what results of this process may depend on.
Versions versions();

/// Prints all of them to `out`; warns on `log` where a library is a slow stand-in.
void write_versions(std::ostream& out, std::ostream& log, bool json);

}  // namespace nescio::cli
