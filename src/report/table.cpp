#include "report/table.h"

#include <algorithm>

#include "io/csv.h"

namespace nescio {
namespace {

std::vector<std::string> names_of(const TextTable& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.name);
  return names;
}

// Characters, not bytes, of UTF-8.
std::size_t width_of(const std::string& cell) {
  return static_cast<std::size_t>(
      std::ranges::count_if(cell, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string escape(const std::string& cell) {
  std::string out;
  for (const char c : cell) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string to_text(const TextTable& table) {
  std::vector<std::vector<std::string>> lines = {names_of(table)};
  lines.insert(lines.end(), table.rows.begin(), table.rows.end());
  std::vector<std::size_t> widths(table.columns.size());
  for (const auto& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c)
      widths[c] = std::max(widths[c], width_of(line[c]));
  }
  std::string out;
  for (const auto& line : lines) {
    std::string row;
    for (std::size_t c = 0; c < line.size(); ++c) {
      const std::string padding(widths[c] - width_of(line[c]), ' ');
      row += c == 0 ? "" : "  ";
      row += table.columns[c].numbers ? padding + line[c] : line[c] + padding;
    }
    row.erase(row.find_last_not_of(' ') + 1);
    out += row + "\n";
  }
  return out;
}

std::string to_markdown(const TextTable& table) {
  std::string out = "|";
  for (const Column& column : table.columns) out += " " + escape(column.name) + " |";
  out += "\n|";
  for (const Column& column : table.columns) out += column.numbers ? " ---: |" : " --- |";
  out += "\n";
  for (const auto& row : table.rows) {
    out += "|";
    for (const std::string& cell : row) out += " " + escape(cell) + " |";
    out += "\n";
  }
  return out;
}

std::string to_csv(const TextTable& table) {
  std::string out = csv_row(names_of(table));
  for (const auto& row : table.rows) out += csv_row(row);
  return out;
}

}  // namespace nescio
