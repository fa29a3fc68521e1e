// A run folder that `evaluate` or `benchmark` wrote, opened again.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bank/bank_view.h"
#include "evaluation/roles.h"

namespace nescio::evaluation {

struct FinishedRun {
  std::string folder;  // as it was named
  std::vector<std::string> detectors;
  Roles roles;  // as full_spectrum() makes them, and so the bank
  bank::BankViews bank;
};

struct RecordedBank {
  std::string path;
  std::map<std::string, std::map<std::string, std::string>> hashes;  // SHA-256 by split and array
};

/// What results.json says that a run was made from.
struct RecordedRun {
  std::vector<std::string> detectors;
  Roles roles;
  std::vector<RecordedBank> banks;  // more than one of an ensemble
};

/// Error, beginning with `where`, for what are no results of an evaluation, or none with roles.
RecordedRun parse_results(const nlohmann::json& results, const std::string& where);

/// Reads RUN/results.json and opens the bank that was evaluated: where it was, or inside the run
/// where that folder has been moved. Error if either is not there or damaged, or if an array of the
/// bank is another one than was evaluated.
FinishedRun open_run(const std::filesystem::path& folder);

}  // namespace nescio::evaluation
