#include "evaluation/finished_run.h"

#include <algorithm>

#include "base/error.h"
#include "base/within.h"
#include "io/json_file.h"

namespace nescio::evaluation {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

Roles roles_of(const Json& roles) {
  return {.train = roles.at("train"),
          .val = roles.at("val"),
          .id = roles.at("id"),
          .shifted = roles.value("shifted", std::vector<std::string>{}),
          .near = roles.at("near").get<std::vector<std::string>>(),
          .far = roles.at("far").get<std::vector<std::string>>(),
          .ood_val = roles.value("ood_val", std::vector<std::string>{})};  // runs of old have none
}

bank::FeatureBank open_bank(const fs::path& folder, const fs::path& recorded) {
  const fs::path inside = folder / recorded.filename();
  std::error_code ignored;
  return bank::FeatureBank::open(fs::exists(recorded / "bank.json", ignored) ? recorded : inside);
}

// Scores are made again from the bank, so it must be the one that the results are about.
void check_unchanged(const bank::FeatureBank& bank, const RecordedBank& recorded) {
  for (const auto& [split, hashes] : recorded.hashes) {
    if (!bank.has(split)) fail("its bank ", bank.path().string(), " has no ", split, " any more");
    // By what they hold: an array of a probe was called otherwise once.
    std::vector<std::string> now;
    for (const Json& array : bank.manifest(split).at("arrays")) now.push_back(array.at("sha256"));
    for (const auto& [name, hash] : hashes) {
      if (std::ranges::find(now, hash) != now.end()) continue;
      fail("the ", name, " of ", split, " in its bank ", bank.path().string(),
           " have changed since; do the evaluation again");
    }
  }
}

RecordedBank recorded_bank(const Json& bank) {
  RecordedBank out{.path = bank.at("path").get<std::string>(), .hashes = {}};
  for (const auto& [split, arrays] : bank.at("splits").items()) {
    auto& hashes = out.hashes[split];
    for (const auto& [name, array] : arrays.items()) hashes[name] = array.at("sha256");
  }
  return out;
}

// One bank, or those of an ensemble.
bank::BankViews open_banks(const fs::path& folder, const std::vector<RecordedBank>& banks) {
  std::vector<std::pair<std::string, bank::BankViews>> members;
  for (const RecordedBank& recorded : banks) {
    const bank::FeatureBank bank = open_bank(folder, recorded.path);
    check_unchanged(bank, recorded);
    members.emplace_back(recorded.path, bank);
  }
  return bank::side_by_side(members);
}

}  // namespace

RecordedRun parse_results(const Json& results, const std::string& where) {
  if (!results.contains("roles")) {
    fail(where,
         ": it does not say which split plays which role, as runs of older versions; do the "
         "evaluation again, its bank is enough");
  }
  try {
    RecordedRun run{.detectors = results.at("detectors").get<std::vector<std::string>>(),
                    .roles = roles_of(results.at("roles")),
                    .banks = {recorded_bank(results.at("bank"))}};
    for (const Json& further : results.value("further_banks", Json::array())) {
      run.banks.push_back(recorded_bank(further));
    }
    return run;
  } catch (const Json::exception& e) {
    fail(where, ": expected the results of an evaluation: ", e.what());
  }
}

FinishedRun open_run(const fs::path& folder) {
  const fs::path file = folder / "results.json";
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    fail(folder.string(),
         ": expected the folder of a run of `nescio benchmark` or `nescio evaluate`"
         ", found no results.json in it");
  }
  const RecordedRun recorded = parse_results(io::read_json(file), file.string());
  return within(folder.string() + ": ", [&] {
    const Evaluated whole = full_spectrum(open_banks(folder, recorded.banks), recorded.roles);
    return FinishedRun{.folder = folder.string(),
                       .detectors = recorded.detectors,
                       .roles = whole.roles,
                       .bank = whole.bank};
  });
}

}  // namespace nescio::evaluation
