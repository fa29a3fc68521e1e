#include "report/run_folder.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "io/file.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "io/sha256.h"
#include "report/findings.h"
#include "report/html_report.h"
#include "report/sections.h"

namespace nescio::report {
namespace {

std::string mixing_json(const std::vector<Mixing>& mixing) {
  nlohmann::json all = nlohmann::json::array();
  for (const Mixing& one : mixing) all.push_back(to_json(one));
  return io::json_text(all);
}

// A spec may hold a '/', and be longer than the name of a file.
std::string scores_file(std::string detector, const std::string& set) {
  constexpr std::size_t longest = 200, digits = 16;
  if (detector.size() > longest) {
    detector = detector.substr(0, longest) + "-" + io::sha256(detector).substr(0, digits);
  }
  std::ranges::replace(detector, '/', '_');
  return "scores/" + detector + "/" + set + ".npy";
}

std::map<std::string, Array> scores_by_file(const RunRecord& record, const Findings& findings) {
  std::map<std::string, Array> out;
  for (const evaluation::SetInfo& set : record.results.sets) {
    for (const std::string& detector : record.results.detectors) {
      const auto all = record.scores.find({detector, set.name});
      if (all == record.scores.end()) continue;
      std::size_t first = 0;
      for (const evaluation::SetInfo& split : findings.splits_of(set)) {
        out.emplace(scores_file(detector, split.name), all->second.slice(first, split.rows));
        first += split.rows;
      }
    }
  }
  return out;
}

// Files that some runs have and some have not; whatever else a list names is not ours to remove.
bool comes_and_goes(const std::string& name) {
  const bool scores =
      name.starts_with("scores/") && name.ends_with(".npy") && name.find("..") == std::string::npos;
  return scores || name == "mixing.json" || name == "protocol.json" || name == "protocol.yaml";
}

// Removes what the run that the folder holds has written, but for `kept`.
void remove_earlier(const std::filesystem::path& folder, const std::set<std::string>& kept) {
  nlohmann::json earlier;
  try {
    earlier = io::read_json(folder / "results.json");
  } catch (const Error&) {
    return;  // none, or none of ours
  }
  if (!earlier.is_object() || !earlier.contains("format")) return;
  // Runs did not list their files at first.
  const nlohmann::json files = earlier.value("files", nlohmann::json{"mixing.json"});
  for (const nlohmann::json& file : files) {
    if (!file.is_string()) continue;
    const auto name = file.get<std::string>();
    if (!comes_and_goes(name) || kept.contains(name)) continue;
    std::error_code ignored;  // what is gone is gone
    std::filesystem::path place = folder / name;
    std::filesystem::remove(place, ignored);
    while ((place = place.parent_path()) != folder && std::filesystem::is_empty(place, ignored)) {
      std::filesystem::remove(place, ignored);
    }
  }
}

}  // namespace

void write_results(const RunRecord& record, const bank::BankViews& bank,
                   const evaluation::Roles& roles, const std::filesystem::path& folder) {
  io::make_folders(folder);
  std::map<std::string, std::string> files = record.further;
  files["results.csv"] = to_csv(long_table(record.results));
  files["results.md"] = results_markdown(record.results, record.command);
  files["report.html"] = html_report(record, bank, roles, pictures_section);
  files["command.txt"] = record.command + "\n";
  if (!record.mixing.empty()) files["mixing.json"] = mixing_json(record.mixing);

  std::set<std::string> names = {"results.json"};
  for (const auto& [name, content] : files) names.insert(name);
  const std::map<std::string, Array> scores =
      record.keep_scores ? scores_by_file(record, Findings(record, bank, roles))
                         : std::map<std::string, Array>();
  for (const auto& [name, values] : scores) names.insert(name);

  remove_earlier(folder, names);
  nlohmann::json json = results_json(record.results, record.run);
  json["files"] = names;
  io::write_json(folder / "results.json", json);  // first: it marks the folder as a run's
  for (const auto& [name, values] : scores) io::write_npy(folder / name, values);
  for (const auto& [name, content] : files) io::write_text(folder / name, content);
}

}  // namespace nescio::report
