// What --help prints, made from the self-descriptions.
#pragma once

#include <string>
#include <string_view>

#include "cli/verb.h"

namespace nescio::cli {

/// One sentence.
std::string_view program_summary();
/// All verbs and where to read on.
std::string program_help();
/// Usage, options with defaults and ranges, examples.
std::string verb_help(const VerbInfo& info);
/// "nescio fit SPEC bank=... out=... [train=...] [threads=auto]"
std::string usage_line(const VerbInfo& info);

}  // namespace nescio::cli
