// What is told of a detector, from its self-description.
#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "base/fact.h"
#include "detectors/detector.h"

namespace nescio::detectors {

/// "formula", "paper", "needs", "cost", ... with what there is to say of each; those of which nothing is to be said
/// are not among them.
std::vector<Fact> facts_of(const DetectorInfo& info);

/// Whether it can stand behind somebody's ONNX model with its default parameters: every operation of expressions has its
/// nodes, but what further passes through the network say is not there.
bool can_be_exported(const DetectorInfo& info);

/// Kind, name, summary, facts and parameters, as `nescio describe NAME --json` has them.
nlohmann::ordered_json describe_as_json(const DetectorInfo& info);

}  // namespace nescio::detectors
