// How pickles of protocol 0, and bytes in protocol 2, are written as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nescio::io {

/// 'it\'s\n' or "..." as Python 2's repr() of a str writes it: the bytes. None if it is none.
std::optional<std::string> parse_python_string(std::string_view source);

/// The codec raw-unicode-escape: \uXXXX and \UXXXXXXXX, other bytes are their own code points.
/// The text as UTF-8; none for code points that Unicode has not.
std::optional<std::string> parse_raw_unicode(std::string_view source);

/// UTF-8 whose code points are all below 256 as one byte each (the codec latin1); none otherwise.
std::optional<std::string> to_latin1(std::string_view utf8);

}  // namespace nescio::io
