// A run folder that `evaluate` or `benchmark` wrote, opened again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bank/feature_bank.h"
#include "evaluation/roles.h"

namespace nescio {

struct FinishedRun {
  std::string folder;  // as it was named
  std::vector<std::string> detectors;
  Roles roles;
  FeatureBank bank;
};

/// Reads RUN/results.json and opens the bank that was evaluated: where it was, or inside the run
/// where that folder has been moved. Error if either is not there or damaged, or if an array of the
/// bank is another one than was evaluated.
FinishedRun open_run(const std::filesystem::path& folder);

}  // namespace nescio
