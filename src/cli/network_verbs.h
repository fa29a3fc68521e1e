// The verbs that run a network, before the part that does is loaded: their names and summaries.
#pragma once

#include <string>
#include <string_view>

#include "cli/verb.h"

namespace nescio::cli {

/// One sentence; the verb's file in cli_torch/ has the rest of its description.
std::string network_verb_summary(std::string_view name);

/// The whole description of an entry of the catalogue: of a verb that runs a network it comes from
/// the part that does, which is loaded for it. Without such a part the entry is a verb that says so.
const VerbInfo& in_full(const VerbInfo& entry);

}  // namespace nescio::cli
