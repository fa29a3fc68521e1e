// The catalogues of the program, each entry in words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/description.h"

namespace nescio::cli {

/// What `list` takes: "detectors", "models", "methods", "probes", "datasets", ...
std::vector<std::string> catalogue_names();

/// The entries of one of them. Error if this build has none of that kind (models and methods
/// without libtorch).
std::vector<Description> read_catalogue(std::string_view name);

/// Every entry called `name`, whatever its kind. UsageError with the nearest names if there is
/// none.
std::vector<Description> find_descriptions(const std::string& name);

}  // namespace nescio::cli
