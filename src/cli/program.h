// From a command line to an exit code.
#pragma once

namespace nescio::cli {

/// Parses, runs the verb and reports what went wrong as one line on stderr. Returns 0, 1 (failure),
/// 2 (a mistake on the command line) or 130 (interrupted); throws nothing.
int run_program(int argc, const char* const* argv) noexcept;

}  // namespace nescio::cli
