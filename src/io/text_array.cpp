#include "io/text_array.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace nescio::io {
namespace {

using Fields = std::vector<std::string_view>;

/// What stands between the fields of a table with this first line; ' ' is any number of blanks and tabs.
char separator_of(std::string_view line) {
  for (const char c : {';', ','}) {
    if (line.find(c) != std::string_view::npos) return c;
  }
  return ' ';
}

/// Without the blanks and quotes around them. False where a quote does not close.
bool split(std::string_view line, char separator, Fields& fields) {
  fields.clear();
  std::size_t begin = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size()) {
      if (line[i] == '"') quoted = !quoted;
      if (quoted || !(line[i] == separator || (separator == ' ' && line[i] == '\t'))) continue;
    }
    std::string_view field = trim(line.substr(begin, i - begin));
    begin = i + 1;
    if (field.empty() && separator == ' ') continue;
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
      field = trim(field.substr(1, field.size() - 2));
    }
    fields.push_back(field);
  }
  return !quoted;
}

/// An empty field is a number that is missing.
std::optional<double> number_in(std::string_view field) {
  if (field.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (field.front() == '+') field.remove_prefix(1);
  double value = 0;
  const char* end = field.data() + field.size();
  const auto [stopped, error] = std::from_chars(field.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

/// The first line names the columns where it holds names alone; pandas leaves that of its index empty.
bool is_heading(const Fields& fields) {
  return std::ranges::all_of(fields, [](auto f) { return f.empty() || !number_in(f); }) &&
         std::ranges::any_of(fields, [](auto f) { return !f.empty(); });
}

struct Column {
  std::string name;
  bool numbers = true;
};

class Table {
 public:
  explicit Table(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  }

  std::map<std::string, Array> read() {
    while (next_line()) {
      if (columns_.empty()) {
        begin();
      } else {
        add_row();
      }
    }
    if (values_.empty()) fail("holds no numbers");
    return named_ ? arrays_by_name() : only_array();
  }
  /// Of what was read last, from 1.
  std::size_t line() const { return line_; }

 private:
  /// Splits the next line that counts; false behind the last one.
  bool next_line() {
    while (!rest_.empty()) {
      const std::size_t end = std::min(rest_.find('\n'), rest_.size());
      const std::string_view line = trim(rest_.substr(0, end));
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++line_;
      if (line.empty() || line.starts_with('#')) continue;
      if (columns_.empty()) separator_ = separator_of(line);
      if (!split(line, separator_, fields_)) fail("a quote does not close");
      return true;
    }
    return false;
  }

  void begin() {
    named_ = is_heading(fields_);
    for (const std::string_view field : fields_) {
      const std::string number = text(columns_.size() + 1);
      columns_.push_back({.name = named_ && !field.empty() ? std::string(field) : number});
    }
    if (!named_) add_row();
  }

  void add_row() {
    if (fields_.size() != columns_.size()) {
      fail("expected ", columns_.size(), " fields, as before, found ", fields_.size());
    }
    for (std::size_t c = 0; c < fields_.size(); ++c) {
      const auto value = number_in(fields_[c]);
      if (!value && !named_) fail("expected numbers, found '", printable(fields_[c]), "'");
      columns_[c].numbers &= value.has_value();
      values_.push_back(value.value_or(0));
    }
  }

  std::map<std::string, Array> arrays_by_name() const {
    std::map<std::string, Array> out;
    const std::size_t width = columns_.size(), rows = values_.size() / width;
    for (std::size_t c = 0; c < width; ++c) {
      if (!columns_[c].numbers) continue;
      std::vector<double> values(rows);
      for (std::size_t r = 0; r < rows; ++r) values[r] = values_[r * width + c];
      if (!out.emplace(columns_[c].name, Array({rows}, std::move(values))).second) {
        fail("two columns are called '", printable(columns_[c].name), "'");
      }
    }
    if (out.empty()) fail("no column holds numbers alone");
    return out;
  }

  std::map<std::string, Array> only_array() {
    const std::size_t width = columns_.size(), rows = values_.size() / width;
    const Shape shape = width == 1 ? Shape{rows} : Shape{rows, width};
    return {{"", Array(shape, std::move(values_))}};
  }

  std::string_view rest_;
  std::size_t line_ = 0;
  char separator_ = ' ';
  Fields fields_;
  std::vector<Column> columns_;
  bool named_ = false;
  std::vector<double> values_;  // row by row
};

}  // namespace

std::map<std::string, Array> parse_text_arrays(std::string_view text, std::string_view where) {
  Table table(text);
  try {
    return table.read();
  } catch (const Error& e) {
    fail(where, ": line ", table.line(), ": ", e.what());
  }
}

}  // namespace nescio::io
