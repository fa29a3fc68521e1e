#include <algorithm>

#include "base/error.h"
#include "cli/inspection.h"
#include "evaluation/finished_run.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/safetensors.h"
#include "report/training_page.h"

namespace nescio::cli {
namespace {

namespace fs = std::filesystem;

/// Those of the members of an object that are there.
void add_members(Facts& facts, const Facts& from, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (from.contains(name)) facts[name] = from.at(name);
  }
}

/// Rows of a table with some of their members.
Facts columns(const Facts& rows, std::initializer_list<const char*> names) {
  Facts out = Facts::array();
  for (const Facts& row : rows) {
    out.emplace_back();
    add_members(out.back(), row, names);
  }
  return out;
}

/// Steps of the checkpoints, the oldest first; one whose JSON cannot be read is none.
std::vector<std::int64_t> checkpoints_in(const fs::path& folder) {
  std::vector<std::int64_t> steps;
  if (!io::is_there(folder)) return steps;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    try {
      steps.push_back(io::read_json(entry.path()).at("step").get<std::int64_t>());
    } catch (const std::exception&) {
      continue;
    }
  }
  std::ranges::sort(steps);
  return steps;
}

/// The last row of each split, with the values that it has.
Facts last_metrics(const std::vector<report::CurveRow>& rows) {
  std::vector<std::string> splits;
  for (const report::CurveRow& row : rows) {
    if (std::ranges::find(splits, row.split) == splits.end()) splits.push_back(row.split);
  }
  Facts out = Facts::array();
  for (const std::string& split : splits) {
    const auto last = std::find_if(rows.rbegin(), rows.rend(),
                                   [&](const report::CurveRow& row) { return row.split == split; });
    Facts row = {{"split", split}, {"step", last->step}};
    for (const auto& [name, value] : last->values) row[name] = value;
    out.push_back(std::move(row));
  }
  return out;
}

/// Detectors by sets with a column for each metric.
Facts in_columns(const Facts& rows, const std::string& set) {
  Facts out = Facts::array();
  for (const Facts& row : rows) {
    if (row.at("set") != set) continue;
    auto line = std::ranges::find_if(out, [&](const Facts& other) {
      return other.at("detector") == row.at("detector") && other.at("role") == row.at("role");
    });
    if (line == out.end()) {
      out.push_back({{"detector", row.at("detector")}, {"role", row.at("role")}});
      line = out.end() - 1;
    }
    (*line)[row.at("metric").get<std::string>()] = row.at("value");
  }
  return out;
}

std::vector<std::string> banks_of(const Facts& manifest) {
  std::vector<std::string> paths = {manifest.at("bank").at("path").get<std::string>()};
  for (const Facts& bank : manifest.value("further_banks", Facts::array())) {
    paths.push_back(bank.at("path").get<std::string>());
  }
  return paths;
}

}  // namespace

Facts training_facts(const fs::path& folder, const Facts& manifest) {
  const Facts& settings = manifest.at("settings");
  Facts facts = {{"kind", "training run"}, {"path", folder.string()}};
  add_members(facts, settings, {"method", "model", "data"});
  add_members(facts, manifest, {"steps", "steps_per_epoch"});
  const auto checkpoints = checkpoints_in(folder / "checkpoints");
  facts["checkpoints"] = checkpoints;
  facts["resumes_after_step"] = checkpoints.empty() ? Facts() : Facts(checkpoints.back());
  std::vector<report::CurveRow> rows;
  if (const fs::path log = folder / "metrics.jsonl"; io::is_there(log)) {
    rows = report::read_curves(io::map_file(log).text());
  }
  facts["steps_done"] =
      std::max(checkpoints.empty() ? 0 : checkpoints.back(), rows.empty() ? 0 : rows.back().step);
  add_members(facts, manifest, {"pictures", "classes", "class_names"});
  add_members(facts["made_from"], manifest,
              {"data_sha256", "val_sha256", "outliers_sha256", "targets_sha256", "weights_sha256",
               "preprocessing"});
  add_members(facts, manifest, {"command"});
  facts["last_metrics"] = last_metrics(rows);
  Facts weights = Facts::array();
  for (const char* name : {"last.safetensors", "best.safetensors"}) {
    if (!io::is_there(folder / name)) continue;
    const auto said = io::read_safetensors(folder / name).metadata;
    Facts row = {{"file", name}};
    for (const char* key : {"network", "step", "epoch"}) {
      const auto found = said.find(text("nescio.", key));
      if (found != said.end()) row[key] = found->second;
    }
    weights.push_back(std::move(row));
  }
  facts["weights"] = std::move(weights);
  add_members(facts, manifest, {"changes"});
  for (const auto& [name, value] : settings.items()) {
    facts["settings"].push_back({{"setting", name}, {"value", value}});
  }
  return facts;
}

Facts checkpoint_facts(const fs::path& file, const Facts& manifest) {
  Facts facts = {{"kind", "checkpoint of a training run"}, {"path", file.string()}};
  add_members(facts, manifest, {"step", "tensors_sha256", "state"});
  return facts;
}

Facts evaluation_facts(const fs::path& folder, const Facts& manifest) {
  const evaluation::RecordedRun run =
      evaluation::parse_results(manifest, (folder / "results.json").string());
  Facts facts = {{"kind", "evaluation run"},    {"path", folder.string()},
                 {"banks", banks_of(manifest)}, {"detectors", run.detectors},
                 {"train", run.roles.train},    {"val", run.roles.val},
                 {"ood_val", run.roles.ood_val}};
  facts["bank_state"] = "as it was evaluated";
  try {
    evaluation::open_run(folder);
  } catch (const Error& e) {
    facts["bank_state"] = e.what();
  }
  add_members(facts, manifest, {"command"});
  facts["sets"] = columns(manifest.at("sets"), {"role", "name", "rows"});
  const auto& rows = manifest.at("rows");
  const auto accuracy = std::ranges::find_if(
      rows, [](const Facts& row) { return row.at("metric") == "id_accuracy"; });
  if (accuracy != rows.end()) facts["id_accuracy"] = accuracy->at("value");
  facts["means_over_sets"] = in_columns(rows, "mean");
  facts["skipped"] = columns(manifest.value("skipped", Facts::array()), {"detector", "reason"});
  return facts;
}

Facts comparison_facts(const fs::path& folder, const Facts& manifest) {
  Facts facts = {{"kind", "comparison of runs"}, {"path", folder.string()}};
  add_members(facts, manifest, {"baseline", "detectors", "command", "arms"});
  facts["sets"] = columns(manifest.at("sets"), {"role", "name", "rows"});
  Facts means = Facts::array();
  for (const Facts& row : manifest.at("rows")) {
    if (row.at("set") == "mean") means.push_back(row);
  }
  facts["means_over_sets"] =
      columns(means, {"detector", "role", "metric", "arm", "mean", "deviation", "difference"});
  return facts;
}

Facts trace_facts(const fs::path& folder, const Facts& manifest) {
  Facts facts = {{"kind", "trace of a training run"}, {"path", folder.string()}};
  add_members(facts, manifest,
              {"run", "chosen_by", "validation", "test", "late", "command", "checkpoints"});
  return facts;
}

}  // namespace nescio::cli
