#include "io/csv.h"

#include "base/error.h"

namespace nescio::io {

std::string csv_field(std::string_view field) {
  const bool plain = field.find_first_of(",\"\r\n") == std::string_view::npos;
  const bool blank_ends = !field.empty() && (field.front() == ' ' || field.back() == ' ');
  if (plain && !blank_ends) return std::string(field);
  std::string out = "\"";
  for (const char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string csv_row(const std::vector<std::string>& fields) {
  // A single empty field alone would read back as an empty line.
  if (fields.size() == 1 && fields[0].empty()) return "\"\"\n";
  std::vector<std::string> quoted;
  for (const auto& field : fields) quoted.push_back(csv_field(field));
  return join(quoted, ",") + "\n";
}

std::vector<std::vector<std::string>> parse_csv(std::string_view text, std::string_view where) {
  std::vector<std::vector<std::string>> rows;
  std::size_t line = 1;
  std::size_t i = 0;
  const auto at_line_end = [&] {
    return i >= text.size() || text[i] == '\n' ||
           (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n');
  };
  while (i < text.size()) {
    std::vector<std::string> row;
    for (bool more = true; more;) {
      std::string field;
      if (i < text.size() && text[i] == '"') {
        const std::size_t opened = line;
        for (++i;; ++i) {
          if (i >= text.size()) fail(where, ": the quote opened in line ", opened, " never closes");
          if (text[i] == '"') {
            if (i + 1 >= text.size() || text[i + 1] != '"') break;
            ++i;
          }
          if (text[i] == '\n') ++line;
          field += text[i];
        }
        ++i;
        if (!at_line_end() && text[i] != ',') {
          fail(where, ": line ", line, ": expected a comma after the closing quote");
        }
      } else {
        for (; !at_line_end() && text[i] != ','; ++i) {
          if (text[i] == '"') fail(where, ": line ", line, ": a quote inside an unquoted field");
          field += text[i];
        }
      }
      row.push_back(std::move(field));
      more = i < text.size() && text[i] == ',';
      if (more) ++i;
    }
    rows.push_back(std::move(row));
    if (i < text.size() && text[i] == '\r') ++i;
    if (i < text.size()) ++i;
    ++line;
  }
  return rows;
}

}  // namespace nescio::io
