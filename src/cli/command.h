// A verb run by its arguments, from the command line or from another verb.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/verb.h"

namespace nescio::cli {

/// The verb of this name. UsageError with the nearest name and the list if there is none.
const VerbInfo& find_verb(std::string_view name);

/// "nescio fit 'knn(k=50)' ..." as a shell would take it.
std::string command_line(const std::vector<std::string>& words);

/// Parses the arguments, sets the threads and runs the verb. UsageError for wrong arguments, and
/// for --json where the verb has none.
void run_verb(const VerbInfo& info, const std::vector<std::string>& arguments, Console& console);

}  // namespace nescio::cli
