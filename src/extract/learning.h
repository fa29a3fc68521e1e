// What probes learn from training pictures before they run, kept in the bank.
#pragma once

#include "bank/feature_bank.h"
#include "extract/passes.h"
#include "extract/probe.h"

namespace nescio::extract {

/// Pictures that probes learn from.
struct FitPictures {
  const image::Dataset* dataset = nullptr;  // null: none are named
  std::string spec;
};

/// Gives every probe that learns what it has learned in the bank from the same pictures, network
/// (`made_by`) and parameters; what is not there, it learns in one pass over `pictures` for all, and
/// that is kept. Returns, by the name of the probe, what it was learned from: {"data", "data_sha256"}.
/// UsageError where there is nothing and no pictures are named.
std::map<std::string, nlohmann::json> learn(const std::vector<NamedProbe>& probes,
                                            const runtime::Backbone& network,
                                            const nlohmann::json& made_by,
                                            const FitPictures& pictures, bank::FeatureBank& bank,
                                            PassOptions options);

}  // namespace nescio::extract
