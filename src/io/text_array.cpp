#include "io/text_array.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace nescio::io {
namespace {

using Fields = std::vector<std::string_view>;

/// Where the field that begins at `begin` ends: before its separator or line end, one of `ends`. Quotes that it begins
/// with may hold these, and their own kind twice (RFC 4180); npos where they do not close.
std::size_t end_of_field(std::string_view text, std::size_t begin, std::array<char, 3> ends) {
  std::size_t at = text.find_first_not_of(' ', begin);
  if (at != std::string_view::npos && text[at] == '"') {
    do {
      at = text.find('"', at + 1);
      if (at == std::string_view::npos) return at;
      ++at;
    } while (text.substr(at).starts_with('"'));
    begin = at;
  }
  const auto stops = [&](char c) { return c == ends[0] || c == ends[1] || c == ends[2]; };
  const auto* end = std::find_if(text.data() + begin, text.data() + text.size(), stops);
  return static_cast<std::size_t>(end - text.data());
}

/// How a table is written: what ends a line, and what stands between its fields; ' ' is any number of blanks and tabs.
struct Style {
  char line_end = '\n';
  char separator = ' ';
};

/// Takes the next record off `rest`: its fields without the blanks and quotes around them. False where a quote does
/// not close.
bool take_record(std::string_view& rest, Style style, Fields& fields) {
  const bool by_blanks = style.separator == ' ';
  const std::array ends = {style.line_end, style.separator, by_blanks ? '\t' : style.separator};
  fields.clear();
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = end_of_field(rest, begin, ends);
    if (end == std::string_view::npos) return false;
    std::string_view field = trim(rest.substr(begin, end - begin));
    const bool counts = !(by_blanks && field.empty());
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
      field = trim(field.substr(1, field.size() - 2));
    }
    if (counts) fields.push_back(field);
    begin = end + 1;
    if (end == rest.size() || rest[end] == style.line_end) break;
  }
  rest.remove_prefix(std::min(begin, rest.size()));
  return true;
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

/// Whether tabs stand between names of columns, which may hold blanks. More than one together line columns up, as
/// blanks do; but over the first one, that of pandas' index, may stand nothing.
bool tabs_separate(const Fields& fields) {
  return fields.size() > 1 && is_heading(fields) &&
         std::find(fields.begin() + 1, fields.end(), "") == fields.end();
}

char separator_of(std::string_view table, char line_end) {
  Fields fields;
  for (const char c : {';', ',', '\t'}) {
    std::string_view rest = table;
    if (!take_record(rest, {line_end, c}, fields)) return c;
    if (c == '\t' ? tabs_separate(fields) : fields.size() > 1) return c;
  }
  return ' ';
}

/// "'0,5'", and what to do about its comma.
std::string quoted(std::string_view field) {
  std::string pointed(field);
  std::ranges::replace(pointed, ',', '.');
  const bool has_comma = pointed != field && number_in(pointed);
  return text("'", printable(field), "'", has_comma ? " with a decimal comma; write a point" : "");
}

bool is_digits(std::string_view field) {
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
    // Old Macs end lines with a carriage return alone.
    if (rest_.find('\n') == std::string_view::npos) style_.line_end = '\r';
  }

  void read() {
    while (next_record()) {
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
    if (std::find_if(one + 1, columns_.end(), is_it) != columns_.end()) fail_twice(*one);
    return side_by_side({static_cast<std::size_t>(one - columns_.begin())}).reshape({rows()});
  }
  /// Of what was read last, from 1.
  std::size_t line() const { return line_; }

 private:
  /// Splits the next record that counts; false behind the last one.
  bool next_record() {
    while (!rest_.empty()) {
      line_ += lines_taken_;
      const std::string_view before = rest_;
      const bool counts = take();
      const auto taken = before.substr(0, before.size() - rest_.size());
      lines_taken_ = static_cast<std::size_t>(std::ranges::count(taken, style_.line_end));
      if (counts) return true;
    }
    return false;
  }
  /// False where it was a line that does not count.
  bool take() {
    const std::size_t end = std::min(rest_.find(style_.line_end), rest_.size());
    const std::string_view line = trim(rest_.substr(0, end));
    if (line.empty() || line.starts_with('#')) {
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      return false;
    }
    if (columns_.empty()) style_.separator = separator_of(rest_, style_.line_end);
    if (!take_record(rest_, style_, fields_)) fail("a quote does not close");
    return true;
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
      if (!value && !named_) fail("expected numbers, found ", quoted(field));
      Column& column = columns_[c];
      if (!value && column.word.empty()) column.word = field;
      column.empty = column.empty && field.empty();
      measured_ = measured_ || !(field.empty() || is_digits(field));
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

  [[noreturn]] static void fail_twice(const Column& column) {
    fail("two columns are called '", printable(column.name), "'");
  }
  /// What pandas writes as the first column, and calls so when it reads it again.
  bool counts_rows(std::size_t c) const {
    return c == 0 && counted_rows_ && (!columns_[c].named || columns_[c].name == "Unnamed: 0");
  }

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
      const bool one = pattern.find('*') == std::string_view::npos;
      if (one && places.size() > before + 1) fail_twice(columns_[places.back()]);
      if (!one && places.size() > before && counts_rows(places[before])) {
        fail("'", printable(pattern),
             "' takes the first column too, which counts the lines, as pandas writes it; name "
             "those that are meant, or save with index=False");
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
        fail_twice(column);
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
    const bool ends_with_separator = columns_.size() > 1 && columns_.back().empty;
    const std::size_t width = columns_.size() - ends_with_separator, rows = this->rows();
    if (width > 1 && rows > 1 && counted_rows_ && measured_) {
      fail(
          "as before, the first field counts the lines, as pandas writes it; save with "
          "index=False");
    }
    std::vector<std::size_t> places(width);
    std::iota(places.begin(), places.end(), std::size_t{0});
    const Array array =
        ends_with_separator ? side_by_side(places) : Array({rows, width}, std::move(values_));
    return {{"", width == 1 ? array.reshape({rows}) : array}};
  }

  std::string_view rest_;
  Style style_;
  std::size_t line_ = 1;
  std::size_t lines_taken_ = 0;  // by what was read last
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
