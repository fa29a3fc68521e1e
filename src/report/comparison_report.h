// A comparison as files and as tables for people.
//
//   DIR/comparison.csv    a line per detector, set, metric and arm, all digits
//   DIR/comparison.json   the same with the value of every run, definitions, settings, command
//   DIR/comparison.md     tables in per cent
//   DIR/comparison.html   the page for people: charts and tables in one file
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "evaluation/comparison.h"
#include "report/table.h"

namespace nescio::report {

/// One line per row.
TextTable long_table(const evaluation::Comparison& comparison);

/// The same with every run's value and the definitions; `run` (an object) is merged in.
nlohmann::json comparison_json(const evaluation::Comparison& comparison, const nlohmann::json& run);

/// One metric of one detector, shares in per cent: near and far as a whole or, if `sets`, every set, too.
TextTable sides_table(const evaluation::Comparison& comparison, const std::string& subject,
                      const metrics::Metric& metric, bool sets);

/// What a terminal shows: AUROC and fpr95_id of near and far, the ID accuracy.
std::string comparison_text(const evaluation::Comparison& comparison);
/// All of it, with the definitions; `command` stands at the end.
std::string comparison_markdown(const evaluation::Comparison& comparison,
                                const std::string& command);
/// The page; equal inputs give equal bytes.
std::string comparison_page(const evaluation::Comparison& comparison, const std::string& command);

/// Rows of one place of the table, an arm each; empty if it was not measured there.
std::vector<const evaluation::ComparedRow*> rows_of(const evaluation::Comparison& comparison,
                                                    const std::string& subject,
                                                    const std::string& set, const std::string& role,
                                                    const std::string& metric);

/// A set, or a role as a whole.
struct Place {
  std::string set, role, words;
  bool whole = false;  // of its role: its only set or the mean of all
};

/// Id, then near and far: as a whole, followed by its sets where it has several.
std::vector<Place> places(const evaluation::Comparison& comparison);

/// Writes the files into the folder, each all or nothing.
void write_comparison(const evaluation::Comparison& comparison, const nlohmann::json& run,
                      const std::string& command, const std::filesystem::path& folder);

}  // namespace nescio::report
