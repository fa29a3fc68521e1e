#include "cli/evaluation_run.h"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <set>

#include "bank/split_classes.h"
#include "base/spec.h"
#include "cli/versions.h"
#include "detectors/fitting.h"
#include "evaluation/ensemble.h"
#include "evaluation/imported.h"
#include "evaluation/sweep.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/own_folder.h"
#include "report/run_folder.h"

namespace nescio::cli {
namespace {

namespace fs = std::filesystem;

nlohmann::json facts_of(const bank::FeatureBank& bank, const std::vector<std::string>& splits) {
  nlohmann::json facts = {
      {"path", bank.path().string()}, {"model", bank.model()}, {"head", bank.head_manifest()}};
  for (const std::string& split : splits) {
    facts["splits"][split] = bank.manifest(split).at("arrays");
  }
  return facts;
}

std::vector<std::string> splits_of(const evaluation::Roles& roles) {
  std::vector<std::string> splits = {roles.train, roles.val};
  for (const auto& [split, role] : evaluation::scored_splits(roles)) splits.push_back(split);
  splits.insert(splits.end(), roles.ood_val.begin(), roles.ood_val.end());
  std::erase(splits, "");
  return splits;
}

// What somebody needs who wants the same numbers again.
void add_facts(nlohmann::json& run, const std::vector<bank::FeatureBank>& banks,
               const evaluation::Roles& roles) {
  for (const auto& [name, value] : versions()) run["versions"][name] = value;
  run["roles"] = {{"train", roles.train},     {"val", roles.val},   {"id", roles.id},
                  {"shifted", roles.shifted}, {"near", roles.near}, {"far", roles.far},
                  {"ood_val", roles.ood_val}};
  const std::vector<std::string> splits = splits_of(roles);
  run["bank"] = facts_of(banks.front(), splits);
  for (std::size_t i = 1; i < banks.size(); ++i) {
    run["further_banks"].push_back(facts_of(banks[i], splits));
  }
}

bank::BankViews views_of(const std::vector<bank::FeatureBank>& banks,
                         const evaluation::Roles& roles) {
  std::vector<std::pair<std::string, bank::BankViews>> members;
  for (const bank::FeatureBank& bank : banks) {
    members.emplace_back(bank.path().string(), bank);
    if (banks.size() == 1) break;
    // Side by side only splits that all have are left; this says which bank lacks one.
    for (const std::string& split : splits_of(roles)) bank.manifest(split);
  }
  return bank::side_by_side(members);
}

/// A line for each; those that lack what a further pass of the network says are alike, and share one.
void say_skipped(const std::vector<detectors::Skipped>& all, std::ostream& log) {
  std::vector<std::string> alike;
  std::string first;
  for (const detectors::Skipped& each : all) {
    if (each.reason.find(" has no array '") == std::string::npos) {
      log << "skipped " << each.detector << ": " << each.reason << '\n';
      continue;
    }
    alike.push_back(each.detector);
    if (first.empty()) first = each.reason;
  }
  if (alike.empty()) return;
  log << "skipped " << join(alike) << ": "
      << (alike.size() == 1 ? "" : "they take passes of the network of their own; of the first, ")
      << first << '\n';
}

}  // namespace

metrics::ChosenMetrics metrics_with(const std::string& further) {
  metrics::ChosenMetrics out;
  as_usage([&] { out = metrics::standard_metrics(expand_list(further)); });
  return out;
}

evaluation::EvaluationSettings evaluation_settings(const EvaluationOptions& options,
                                                   std::int64_t seed) {
  evaluation::EvaluationSettings settings;
  settings.sweep = options.sweep;
  const auto read = [&](const std::string& spec) {
    if (evaluation::imported_name(spec)) return print(parse_spec(spec));
    if (!options.sweep || evaluation::is_ensemble(spec)) return evaluation::spec_of_scores(spec);
    return detectors::grid_of(spec).asked;
  };
  as_usage([&] {
    for (const std::string& spec :
         options.sweep ? split_top_level(options.detectors) : expand_list(options.detectors)) {
      if (spec == "all") {
        settings.skip_unavailable = true;
        const auto all = detectors::all_specs();
        settings.detectors.insert(settings.detectors.end(), all.begin(), all.end());
      } else {
        settings.detectors.push_back(read(spec));
      }
    }
  });
  if (settings.detectors.empty()) fail_usage("detectors= names none");
  std::set<std::string> seen;
  for (const std::string& spec : settings.detectors) {
    if (!seen.insert(spec).second) fail_usage("detectors= names ", spec, " twice");
  }
  settings.executor = find_executor(options.executor, options.device);
  settings.metrics = metrics_with(options.metrics);
  settings.intervals.resamples = static_cast<std::size_t>(options.bootstrap);
  settings.intervals.seed = static_cast<std::uint64_t>(seed);
  return settings;
}

void check_needs(const evaluation::EvaluationSettings& settings, const evaluation::Roles& roles,
                 std::size_t banks) {
  std::vector<std::string> fitted = settings.detectors;
  const auto joint = std::ranges::find_if(fitted, evaluation::is_ensemble);
  if (banks < 2 && joint != fitted.end()) {
    fail_usage("[", *joint,
               "] reads several networks; name their banks with bank=BANK,BANK of `evaluate`");
  }
  std::erase_if(fitted, [](const std::string& spec) {
    return evaluation::imported_name(spec) || evaluation::is_ensemble(spec);
  });
  Notices said_later;
  const std::vector<detectors::Grid> grids = as_usage([&] {
    if (settings.sweep) return evaluation::grids_to_try(fitted, roles, said_later);
    std::vector<detectors::Grid> of_one;
    for (const std::string& spec : fitted) of_one.push_back(detectors::without_choice(spec));
    return of_one;
  });
  if (settings.skip_unavailable) return;  // what `all` cannot fit is left out and named
  const auto missing = [&](const std::string& spec) {
    return detectors::missing_role(detectors::Chain(spec), roles.fitted());
  };
  for (const detectors::Grid& grid : grids) {
    const std::vector<std::string> specs = evaluation::specs_of({grid});
    if (!std::ranges::any_of(specs, [&](const auto& spec) { return missing(spec).empty(); })) {
      fail_usage("[", grid.asked, "] cannot be fitted: ", missing(specs.front()));
    }
  }
}

void say_shared_classes(const bank::FeatureBank& bank, const evaluation::Roles& roles,
                        const Console& console) {
  const auto there = [&](std::vector<std::string> splits) {
    std::erase_if(splits, [&](const std::string& split) { return !bank.has(split); });
    return splits;
  };
  std::vector<std::string> ood = there(roles.near);
  for (const std::string& split : there(roles.far)) ood.push_back(split);
  std::vector<std::string> known = {roles.train, roles.val, roles.id};
  known.insert(known.end(), roles.shifted.begin(), roles.shifted.end());
  for (const std::string& sentence : bank::shared_classes(bank, there(known), ood)) {
    console.warn(sentence);
  }
}

void run_evaluation(const std::vector<bank::FeatureBank>& banks, const evaluation::Roles& roles,
                    const EvaluationOptions& options, std::int64_t seed, nlohmann::json run,
                    Console& console, std::vector<report::Mixing> mixing,
                    std::map<std::string, std::string> further) {
  const evaluation::EvaluationSettings settings = evaluation_settings(options, seed);
  const fs::path folder = options.out;
  io::check_writable(folder, "run", "results.json",
                     {"results.csv", "results.md", "report.html", "mixing.json", "command.txt"});
  io::make_folders(folder);  // a folder that cannot be made is found now, not after the work
  const io::FolderLock lock(folder, false);

  report::RunRecord record{.results = {},
                           .run = std::move(run),
                           .command = console.command,
                           .scores = {},
                           .mixing = std::move(mixing),
                           .keep_scores = options.scores,
                           .further = std::move(further)};
  const evaluation::Evaluated whole = evaluation::full_spectrum(views_of(banks, roles), roles);
  record.results = evaluation::evaluate(
      whole.bank, whole.roles, settings, console.progress,
      [&](const std::string& detector, const std::string& set, const Array& scores) {
        record.scores.emplace(std::pair(detector, set), scores);
      });
  record.run["command"] = console.command;
  add_facts(record.run, banks, roles);

  report::write_results(record, whole.bank, whole.roles, folder);

  if (console.json) {
    console.out << io::json_text(report::results_json(record.results, record.run));
  } else {
    console.out << report::results_text(record.results);
  }
  for (const std::string& notice : record.results.notices) console.warn(notice);
  say_skipped(record.results.skipped, console.log);
  console.log << "wrote " << (folder / "results.csv").string() << ", .json, .md\n"
              << "the report is " << (folder / "report.html").string() << '\n';
}

nlohmann::json settings_json(const VerbInfo& info, const Verb& verb) {
  nlohmann::json settings;
  for (const auto& [key, value] : resolved_options(info, verb)) settings[key] = value;
  return settings;
}

}  // namespace nescio::cli
