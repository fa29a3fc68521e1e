// Results of an evaluation as tables for people and for programs.
#pragma once

#include <map>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "evaluation/evaluate.h"
#include "report/mixing.h"
#include "report/table.h"

namespace nescio::report {

/// What a sweep chose: a line for each detector that left something to choose.
TextTable choices_table(const evaluation::Sweep& sweep);
/// By what it chose, as a sentence.
std::string choice_rule(const evaluation::Sweep& sweep);

/// One line per number.
TextTable long_table(const evaluation::Results& results);

/// The same with the definition of each metric, sizes, what a sweep tried and chose, and what was skipped; `run` (an object) is
/// merged in.
nlohmann::json results_json(const evaluation::Results& results, const nlohmann::json& run);

/// Tables in per cent, first the means over the near and far sets, then each set; sizes beside
/// them.
std::string results_text(const evaluation::Results& results);
/// The same in Markdown, with intervals; `command` stands at the end.
std::string results_markdown(const evaluation::Results& results, const std::string& command);

/// Everything that a report is made from.
struct RunRecord {
  evaluation::Results results;
  nlohmann::json run;   // an object: settings, versions, the bank's hashes
  std::string command;  // as a shell would take it again
  /// [N] of each (detector, set), float32 or float64.
  std::map<std::pair<std::string, std::string>, Array> scores;
  std::vector<Mixing> mixing = {};  // where it was asked for
  bool keep_scores = false;
  std::map<std::string, std::string> further = {};  // files that belong to the run, by name
};

}  // namespace nescio::report
