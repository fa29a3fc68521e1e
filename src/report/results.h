// Results of an evaluation as files and as tables for people.
//
//   RUN/results.csv    detector,set,role,metric,value,lower,upper: a line per number, all digits
//   RUN/results.json   the same with what every metric means, settings, versions, hashes, command
//   RUN/results.md     tables in per cent
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "evaluation/evaluate.h"
#include "report/table.h"

namespace nescio {

/// One line per number. Means and metrics without an interval have empty bounds.
TextTable long_table(const Results& results);

/// The same with the definition of each metric, sizes, and what was skipped; `run` (an object) is
/// merged in.
nlohmann::json results_json(const Results& results, const nlohmann::json& run);

/// Tables in per cent, first the means over the near and far sets, then each set; sizes beside
/// them.
std::string results_text(const Results& results);
/// The same in Markdown, with intervals; `command` stands at the end.
std::string results_markdown(const Results& results, const std::string& command);

/// Writes the three files into the folder, each all or nothing.
void write_results(const Results& results, const nlohmann::json& run, const std::string& command,
                   const std::filesystem::path& folder);

}  // namespace nescio
