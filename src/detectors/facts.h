// What is told of a detector, from its self-description.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "detectors/detector.h"

namespace nescio::detectors {

/// "formula", "paper", "needs", "cost", ... with what there is to say of each; those of which nothing is to be said
/// are not among them.
std::vector<std::pair<std::string, std::vector<std::string>>> facts_of(const DetectorInfo& info);

/// Kind, name, summary, facts and parameters, as `nescio describe NAME --json` has them.
nlohmann::ordered_json describe_as_json(const DetectorInfo& info);

}  // namespace nescio::detectors
