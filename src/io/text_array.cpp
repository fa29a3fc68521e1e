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

/// Whether it was meant as a number: 0,5 and 1e999 were, though no number is read from them.
bool begins_as_number(std::string_view field) {
  const auto first = field.find_first_not_of("+-.,");
  return first != std::string_view::npos && field[first] >= '0' && field[first] <= '9';
}

/// The first line names the columns where it holds names alone; pandas leaves that of its index empty.
bool is_heading(const Fields& fields) {
  const auto any_of = [&](auto is) { return std::ranges::any_of(fields, is); };
  return !any_of([](auto f) { return !f.empty() && number_in(f); }) &&
         any_of([](auto f) { return !f.empty() && !begins_as_number(f); });
}

bool is_count(std::string_view field) {
  return !field.empty() && field.find_first_not_of("0123456789") == std::string_view::npos;
}

/// 0, 1, 2 ...: what pandas writes above columns without names; nothing stands over its index.
bool counts_columns(const Fields& fields) {
  const std::size_t index = fields[0].empty() ? 1 : 0;
  if (fields.size() < 2) return false;
  for (std::size_t c = index; c < fields.size(); ++c) {
    if (fields[c] != text(c - index)) return false;
  }
  return true;
}

/// A '*' in the pattern stands for any characters, none among them.
bool fits(std::string_view name, std::string_view pattern) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return name == pattern;
  if (!name.starts_with(pattern.substr(0, star))) return false;
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t i = star; i <= name.size(); ++i) {
    if (fits(name.substr(i), rest)) return true;
  }
  return false;
}

struct Column {
  std::string name;
  bool named = true;           // by the heading, not by its place
  bool empty = true;           // so far
  std::string_view word = {};  // the first field that is no number
};

class Table {
 public:
  explicit Table(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  }

  void read() {
    while (next_line()) {
      if (columns_.empty()) {
        begin();
      } else {
        add_row();
      }
    }
    if (values_.empty()) fail("holds no numbers");
  }
  std::map<std::string, Array> arrays() { return named_ ? arrays_by_name() : only_array(); }
  Array columns(std::string_view wanted) const {
    if (!named_) {
      fail("no line names the columns; leave '#", printable(wanted), "' out");
    }
    const auto is_it = [&](const Column& c) { return c.name == wanted && !is_void(c); };
    const auto one = std::ranges::find_if(columns_, is_it);
    if (one == columns_.end()) return side_by_side(places_of(wanted));
    return side_by_side({static_cast<std::size_t>(one - columns_.begin())}).reshape({rows()});
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
    counted_columns_ = !named_ && counts_columns(fields_);
    for (const std::string_view field : fields_) {
      const bool named = named_ && !field.empty();
      const std::string name = named ? std::string(field) : text(columns_.size() + 1);
      columns_.push_back({.name = name, .named = named});
    }
    if (!named_) add_row();
  }

  void add_row() {
    if (fields_.size() != columns_.size()) {
      fail("expected ", columns_.size(), " fields, as before, found ", fields_.size());
    }
    counted_rows_ = counted_rows_ && fields_[0] == text(values_.size() / fields_.size());
    for (std::size_t c = 0; c < fields_.size(); ++c) {
      const std::string_view field = fields_[c];
      const auto value = number_in(field);
      if (!value && !named_) fail("expected numbers, found '", printable(field), "'");
      Column& column = columns_[c];
      if (!value && column.word.empty()) column.word = field;
      column.empty = column.empty && field.empty();
      measured_ = measured_ || !(field.empty() || is_count(field));
      values_.push_back(value.value_or(0));
    }
    if (counted_columns_ && measured_) {
      fail(
          "stands below a line that counts the columns, as pandas writes it; save with "
          "header=False");
    }
  }

  std::size_t rows() const { return values_.size() / columns_.size(); }
  /// Nothing stands in it, nor above it.
  static bool is_void(const Column& column) { return !column.named && column.empty; }

  std::vector<std::size_t> places_of(std::string_view wanted) const {
    std::vector<std::size_t> places;
    std::vector<bool> asked(columns_.size());
    for (const std::string& part : split_top_level(wanted)) {
      const std::string_view pattern = trim(part);
      const std::size_t before = places.size();
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        if (!fits(columns_[c].name, pattern) || is_void(columns_[c])) continue;
        if (asked[c]) {
          fail("the column '", printable(columns_[c].name), "' is asked for twice");
        }
        asked[c] = true;
        places.push_back(c);
      }
      if (places.size() == before) {
        fail("there is no column '", printable(pattern), "'.",
             suggest(std::string(pattern), names()));
      }
    }
    return places;
  }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const Column& column : columns_) {
      if (!is_void(column)) out.push_back(printable(column.name));
    }
    return out;
  }

  Array side_by_side(const std::vector<std::size_t>& places) const {
    std::vector<double> values;
    for (const std::size_t c : places) {
      const auto& [name, named, empty, word] = columns_[c];
      if (!word.empty()) {
        fail("the column '", printable(name), "' has '", printable(word), "', which is no number");
      }
    }
    values.reserve(rows() * places.size());
    for (std::size_t r = 0; r < rows(); ++r) {
      for (const std::size_t c : places) values.push_back(values_[r * columns_.size() + c]);
    }
    return Array({rows(), places.size()}, std::move(values));
  }

  std::map<std::string, Array> arrays_by_name() const {
    std::map<std::string, Array> out;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const Column& column = columns_[c];
      if (!column.word.empty() || is_void(column)) continue;
      if (!out.emplace(column.name, side_by_side({c}).reshape({rows()})).second) {
        fail("two columns are called '", printable(column.name), "'");
      }
    }
    if (out.empty()) {
      const auto of_words = std::ranges::find_if(columns_, [](auto& c) { return !c.word.empty(); });
      fail("no column holds numbers alone; '", printable(of_words->name), "' has '",
           printable(of_words->word), "'");
    }
    return out;
  }

  std::map<std::string, Array> only_array() {
    const std::size_t width = columns_.size(), rows = values_.size() / width;
    if (width > 1 && rows > 1 && counted_rows_ && measured_) {
      fail(
          "as before, the first field counts the lines, as pandas writes it; save with "
          "index=False");
    }
    const Shape shape = width == 1 ? Shape{rows} : Shape{rows, width};
    return {{"", Array(shape, std::move(values_))}};
  }

  std::string_view rest_;
  std::size_t line_ = 0;
  char separator_ = ' ';
  Fields fields_;
  std::vector<Column> columns_;
  bool named_ = false;
  bool counted_columns_ = false;  // by the first line, which would be taken for a row
  bool counted_rows_ = true;      // by the first fields, which would be taken for a column
  bool measured_ = false;         // not all fields are counts
  std::vector<double> values_;    // row by row
};

/// What `take` makes of the table; it may find fault with its lines, as reading does.
template <class Take>
auto read_table(std::string_view text, std::string_view where, const Take& take) {
  Table table(text);
  try {
    table.read();
    return take(table);
  } catch (const Error& e) {
    fail(where, ": line ", table.line(), ": ", e.what());
  }
}

}  // namespace

std::map<std::string, Array> parse_text_arrays(std::string_view text, std::string_view where) {
  return read_table(text, where, [](Table& table) { return table.arrays(); });
}

Array parse_text_columns(std::string_view text, std::string_view where, std::string_view wanted) {
  const Table table = read_table(text, where, [](Table& t) { return std::move(t); });
  try {
    return table.columns(wanted);
  } catch (const Error& e) {
    fail(where, ": ", e.what());
  }
}

}  // namespace nescio::io
