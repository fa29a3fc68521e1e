#include "base/text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/error.h"

namespace nescio {

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string_view trim(std::string_view s) {
  const auto first = s.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string> split_top_level(std::string_view list, char separator) {
  std::vector<std::string> pieces;
  if (trim(list).empty()) return pieces;
  std::string open;  // closing brackets that are still expected
  std::size_t start = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const char c = list[i];
    if (c == '(') open += ')';
    if (c == '[') open += ']';
    if (c == '{') open += '}';
    if (c == ')' || c == ']' || c == '}') {
      if (open.empty() || open.back() != c) fail("unbalanced '", c, "' in '", list, "'");
      open.pop_back();
    }
    if (c == separator && open.empty()) {
      pieces.emplace_back(trim(list.substr(start, i - start)));
      start = i + 1;
    }
  }
  if (!open.empty()) fail("missing '", open.back(), "' in '", list, "'");
  pieces.emplace_back(trim(list.substr(start)));
  return pieces;
}

std::string format_number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

namespace {
template <class T>
T parse(std::string_view digits, std::string_view what, std::string_view kind) {
  std::string_view s = trim(digits);
  if (s.starts_with('+')) s.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), value);
  if (error == std::errc::result_out_of_range) fail(what, ": '", digits, "' is too large");
  if (error != std::errc{} || end != s.data() + s.size()) {
    fail(what, ": expected ", kind, ", found '", digits, "'");
  }
  return value;
}

int lower(char c) { return std::tolower(static_cast<unsigned char>(c)); }

// In halves of an edit: a letter in the other case is half a mistake, and so are all letters in the other case. Two
// letters swapped are one.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  if (a != b && std::ranges::equal(a, b, {}, lower, lower)) return 1;
  std::vector<std::size_t> before, above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = 2 * j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    before = std::exchange(above, row);
    row[0] = 2 * (i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t cost = a[i] == b[j] ? 0 : lower(a[i]) == lower(b[j]) ? 1 : 2;
      row[j + 1] = std::min({above[j] + cost, row[j] + 2, above[j + 1] + 2});
      const bool swapped = i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];
      if (swapped) row[j + 1] = std::min(row[j + 1], before[j - 1] + 2);
    }
  }
  return row.back();
}
}  // namespace

double parse_number(std::string_view digits, std::string_view what) {
  return parse<double>(digits, what, "a number");
}

long long parse_integer(std::string_view digits, std::string_view what) {
  return parse<long long>(digits, what, "a whole number");
}

std::string did_you_mean(std::string_view found, const std::vector<std::string>& known) {
  std::string nearest;
  const std::size_t mistakes = found.size() < 4 ? 1 : std::max<std::size_t>(2, found.size() / 3);
  std::size_t best = 2 * mistakes + 1;
  for (const auto& name : known) {
    const std::size_t distance = edit_distance(found, name);
    if (distance < best) {
      best = distance;
      nearest = name;
    }
  }
  return nearest.empty() ? "" : text(" Did you mean '", nearest, "'?");
}

std::string list_known(const std::vector<std::string>& known) {
  constexpr std::size_t most = 60;  // that anybody reads
  if (known.empty()) return "";
  const std::size_t said = known.size() > most ? most / 2 : known.size();
  const std::vector<std::string> first(known.begin(), known.begin() + static_cast<long>(said));
  return text(" Known: ", join(first),
              said < known.size() ? text(" and ", known.size() - said, " more.") : ".");
}

std::string suggest(std::string_view found, const std::vector<std::string>& known) {
  return did_you_mean(found, known) + list_known(known);
}

namespace {
/// Bytes of the UTF-8 character at the beginning of `s`; 0 if there is none.
std::size_t utf8_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xc2   ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || s.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Longer than needed, halves of surrogate pairs, beyond the last character.
  const bool wrong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
                     (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f);
  return wrong ? 0 : length;
}

/// Of one whole UTF-8 character.
char32_t code_point(std::string_view character) {
  if (character.size() == 1) return static_cast<unsigned char>(character[0]);
  char32_t code = static_cast<unsigned char>(character[0]) & (0x7fU >> character.size());
  for (const char c : character.substr(1))
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3f);
  return code;
}

/// Neither a control character, nor one that ends a line or turns the direction of what follows,
/// nor one of those that are no characters, which XML has no place for.
bool is_visible(char32_t code) {
  const auto within = [&](char32_t first, char32_t last) { return first <= code && code <= last; };
  return code >= 0x20 && !within(0x7f, 0x9f) && !within(0x2028, 0x202e) &&
         !within(0x2066, 0x2069) && !within(0xfdd0, 0xfdef) && (code & 0xfffe) != 0xfffe;
}

/// "\xff", "\uffff"
std::string escaped(char32_t code, char kind, int digits) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "\\%c%0*x", kind, digits, static_cast<unsigned>(code));
  return buffer;
}
}  // namespace

std::string printable(std::string_view s) {
  std::string out;
  while (!s.empty()) {
    const std::size_t length = utf8_length(s);
    const std::string_view character = s.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0) {
      out += escaped(static_cast<unsigned char>(s[0]), 'x', 2);
    } else if (const char32_t code = code_point(character); is_visible(code)) {
      out += character;
    } else if (code == '\n' || code == '\r' || code == '\t') {
      out += code == '\n' ? "\\n" : code == '\r' ? "\\r" : "\\t";
    } else {
      out += code < 0x80 ? escaped(code, 'x', 2) : escaped(code, code > 0xffff ? 'U' : 'u', 4);
    }
    s.remove_prefix(character.size());
  }
  return out;
}

}  // namespace nescio
