// A table of text, and the forms in which people and programs read it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/html.h"

namespace nescio::report {

struct Column {
  std::string name;
  bool numbers = false;  // aligned right
};

/// Rows have as many cells as there are columns; an empty cell is "nothing". Cells may hold names
/// from outside: they are written as printable() shows them.
struct TextTable {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows = {};
};

/// Columns padded with blanks, for a terminal.
std::string to_text(const TextTable& table);
/// A GitHub-flavoured Markdown table.
std::string to_markdown(const TextTable& table);
/// RFC 4180 with a head line.
std::string to_csv(const TextTable& table);

/// For a page; the first cell of a row is its heading.
Html to_html(const TextTable& table, const Html& caption);

/// Words from outside as Markdown that shows them: no line ends, cells, code or tags.
std::string markdown(std::string_view words);

}  // namespace nescio::report
