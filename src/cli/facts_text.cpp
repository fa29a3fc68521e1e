#include <algorithm>
#include <cmath>

#include "base/numbers.h"
#include "base/text.h"
#include "cli/inspection.h"
#include "report/html.h"
#include "report/table.h"

namespace nescio::cli {
namespace {

constexpr std::size_t longest_list = 12;
constexpr std::size_t shown_of_hash = 12;
constexpr std::size_t widest_cell = 72;

bool is_table(const Facts& value) {
  return value.is_array() && !value.empty() &&
         std::ranges::all_of(value, [](const Facts& row) { return row.is_object(); });
}

std::string words(std::string key) {
  std::ranges::replace(key, '_', ' ');
  return key;
}

/// In one cell; empty where there is nothing to say.
std::string cell(const std::string& key, const Facts& value) {
  if (value.is_null()) return {};
  if (value.is_string()) {
    const auto& found = value.get_ref<const std::string&>();
    return key.ends_with("sha256") ? found.substr(0, shown_of_hash) : found;
  }
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    return std::isfinite(number) ? short_number(number) : "";
  }
  if (!value.is_structured()) return value.dump();
  std::vector<std::string> parts;
  for (const auto& [name, part] : value.items()) {
    if (value.is_array() && parts.size() == longest_list) {
      parts.push_back(text("and ", value.size() - longest_list, " more"));
      break;
    }
    const std::string one = cell(name, part);
    parts.push_back(value.is_object() ? text(name, " ", one) : one);
  }
  // A shape, or the means of channels.
  const bool numbers = value.is_array() && !value.empty() && value.front().is_number();
  return numbers ? "[" + join(parts) + "]" : join(parts);
}

/// The columns that some row fills, in the order of their first row.
report::TextTable fact_table(const Facts& rows) {
  std::vector<std::string> keys;
  report::TextTable table{.columns = {}};
  for (const Facts& row : rows) {
    for (const auto& [key, value] : row.items()) {
      const bool known = std::ranges::find(keys, key) != keys.end();
      if (known || value.is_object() || cell(key, value).empty()) continue;
      keys.push_back(key);
      table.columns.push_back({words(key), value.is_number()});
    }
  }
  for (const Facts& row : rows) {
    std::vector<std::string> line;
    for (const std::string& key : keys) {
      // One long cell would push all behind it off the screen.
      line.push_back(row.contains(key) ? report::shorten(cell(key, row.at(key)), widest_cell) : "");
    }
    table.rows.push_back(std::move(line));
  }
  return table;
}

void add_line(report::TextTable& table, const std::string& key, const Facts& value) {
  const std::string said = cell(key, value);
  if (!said.empty()) table.rows.push_back({words(key), said});
}

}  // namespace

std::string facts_text(const Facts& facts) {
  // What it is stands where other tables have their names.
  report::TextTable single{.columns = {{"kind"}, {facts.at("kind").get<std::string>()}}};
  std::string tables;
  for (const auto& [key, value] : facts.items()) {
    if (key == "kind") continue;
    if (is_table(value)) {
      tables += "\n" + words(key) + "\n" + report::to_text(fact_table(value));
    } else if (value.is_object()) {
      for (const auto& [name, part] : value.items()) add_line(single, name, part);
    } else {
      add_line(single, key, value);
    }
  }
  return report::to_text(single) + tables;
}

}  // namespace nescio::cli
