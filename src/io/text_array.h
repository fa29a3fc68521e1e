// Tables of numbers as text: what numpy.savetxt, a spreadsheet or pandas writes.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/array.h"

namespace nescio::io {

/// Lines of numbers with commas, semicolons, tabs or blanks between them, as float64; empty lines and those that begin
/// with '#' do not count. Without a heading it is one array with the name "", [N] of one column and [N, C] of
/// several. Where the first line is no line of numbers, it names the columns: each that holds numbers alone is an array
/// [N]. Fields may be quoted as in CSV. Error names `where` and the line that has another number of fields, a field that is
/// no number, or a quote that does not close; also if a table of measured numbers begins with a line 0, 1, 2 ... or all its
/// lines do with 0, 1, 2 ..., which pandas writes unless told not to. One pass.
std::map<std::string, Array> parse_text_arrays(std::string_view text, std::string_view where);

/// Some columns of a table with a heading: [N] where `wanted` is the name of one, otherwise side by side as [N, C]. Then
/// it is names with commas between them, and a '*' in one stands for any characters: all columns that fit, in the order of
/// the table. Error as above, and for a name that no column fits, a column that is asked for twice or holds words.
Array parse_text_columns(std::string_view text, std::string_view where, std::string_view wanted);

}  // namespace nescio::io
