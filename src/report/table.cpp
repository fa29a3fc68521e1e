#include "report/table.h"

#include <algorithm>

#include "base/text.h"
#include "io/csv.h"

namespace nescio::report {
namespace {

// The head and the rows, every cell in one line and in UTF-8.
std::vector<std::vector<std::string>> lines_of(const TextTable& table) {
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : table.columns) lines[0].push_back(printable(column.name));
  for (const auto& row : table.rows) {
    auto& line = lines.emplace_back();
    for (const std::string& cell : row) line.push_back(printable(cell));
  }
  return lines;
}

// Characters, not bytes, of UTF-8.
std::size_t width_of(const std::string& cell) {
  return static_cast<std::size_t>(
      std::ranges::count_if(cell, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string markdown_line(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const std::string& cell : cells) out += " " + markdown(cell) + " |";
  return out + "\n";
}

}  // namespace

std::string to_text(const TextTable& table) {
  const auto lines = lines_of(table);
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
  const auto lines = lines_of(table);
  std::string out = markdown_line(lines[0]) + "|";
  for (const Column& column : table.columns) out += column.numbers ? " ---: |" : " --- |";
  out += "\n";
  for (std::size_t line = 1; line < lines.size(); ++line) out += markdown_line(lines[line]);
  return out;
}

std::string to_csv(const TextTable& table) {
  std::string out;
  for (const auto& line : lines_of(table)) out += io::csv_row(line);
  return out;
}

std::string markdown(std::string_view words) {
  std::string out;
  for (const char c : printable(words)) {
    if (c == '<') {
      out += "&lt;";
    } else {
      if (c == '|' || c == '`') out += '\\';
      out += c;
    }
  }
  return out;
}

Html to_html(const TextTable& text_table, const Html& caption) {
  std::vector<Heading> headings;
  for (const Column& column : text_table.columns) {
    headings.push_back({column.name, column.numbers});
  }
  Html body;
  for (const auto& row : text_table.rows) {
    Html line = tag("th", {{"scope", "row"}}, row[0]);
    for (std::size_t c = 1; c < row.size(); ++c)
      line += cell(row[c], text_table.columns[c].numbers);
    body += tag("tr", line);
  }
  return table(caption, tag("tr", head_cells(headings)), body);
}

}  // namespace nescio::report
