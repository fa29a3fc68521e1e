// Text for people: concatenation, lists, numbers that round-trip, nearest names.
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace nescio {

/// The parts written one after the other with operator<<.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// "a, b, c"
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");

/// Pieces between separators that stand outside (), [] and {}; blanks around a piece are dropped.
/// An empty text has no pieces. Throws Error on unbalanced brackets.
std::vector<std::string> split_top_level(std::string_view list, char separator = ',');

/// The shortest decimal text that reads back as the same double: 0.1, 1e-06, 50, inf, nan.
std::string format_number(double value);

/// The whole text as a number; throws Error naming `what` if it is anything else.
double parse_number(std::string_view digits, std::string_view what);
long long parse_integer(std::string_view digits, std::string_view what);

/// " Did you mean 'knn'?" Nothing if no candidate is near: more than a third of the letters, or two, are wrong; of names
/// of three letters more than one.
std::string did_you_mean(std::string_view found, const std::vector<std::string>& known);
/// " Known: energy, knn, msp." Of very many the first, and how many more. Nothing if there are none.
std::string list_known(const std::vector<std::string>& known);
/// Both, to be appended to an "unknown name" message.
std::string suggest(std::string_view found, const std::vector<std::string>& known);

/// The text with what cannot be seen written out: "a\r\xff" for a carriage return and a byte that is
/// no UTF-8. It fits into one line, and into JSON and XML. For names that come from outside.
std::string printable(std::string_view s);

/// The text without blanks, tabs and line ends at both ends.
std::string_view trim(std::string_view s);

}  // namespace nescio
