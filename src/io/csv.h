// CSV as RFC 4180 quotes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nescio::io {

/// The field as it stands in a file: quoted only where it holds a comma, a quote, a line end, or
/// begins or ends with a blank.
std::string csv_field(std::string_view field);

/// One line, line end ("\n") included.
std::string csv_row(const std::vector<std::string>& fields);

/// All rows of a text; line ends may be "\n" or "\r\n", fields may be quoted and hold line ends.
/// Error names `where` and the line of an unclosed or misplaced quote.
std::vector<std::vector<std::string>> parse_csv(std::string_view text, std::string_view where);

}  // namespace nescio::io
