#include "io/pickle_text.h"

#include <charconv>
#include <cstdint>

namespace nescio::io {
namespace {

/// Takes `digits` hexadecimal digits from the front.
std::optional<std::uint32_t> take_hex(std::string_view& rest, std::size_t digits) {
  std::uint32_t value = 0;
  if (rest.size() < digits) return {};
  const char* end = rest.data() + digits;
  const auto result = std::from_chars(rest.data(), end, value, 16);
  if (result.ec != std::errc{} || result.ptr != end) return {};
  rest.remove_prefix(digits);
  return value;
}

bool append_utf8(std::string& out, std::uint32_t code) {
  if (code > 0x10ffff) return false;
  const auto tail = [&](unsigned shift) {
    out += static_cast<char>(0x80u | ((code >> shift) & 0x3fu));
  };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0u | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0u | code >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0u | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
  return true;
}

}  // namespace

std::optional<std::string> parse_python_string(std::string_view source) {
  const bool quoted = source.size() >= 2 && source.front() == source.back() &&
                      (source.front() == '\'' || source.front() == '"');
  if (!quoted) return {};
  std::string_view rest = source.substr(1, source.size() - 2);
  std::string out;
  while (!rest.empty()) {
    const auto plain = std::min(rest.find('\\'), rest.size());
    out += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    if (rest.size() < 2) return {};
    const char escaped = rest[1];
    rest.remove_prefix(2);
    switch (escaped) {
      case '\\':
      case '\'':
      case '"': out += escaped; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'x': {
        const auto byte = take_hex(rest, 2);
        if (!byte) return {};
        out += static_cast<char>(*byte);
        break;
      }
      default: return {};  // repr() writes no others
    }
  }
  return out;
}

std::optional<std::string> parse_raw_unicode(std::string_view source) {
  std::string out;
  while (!source.empty()) {
    const bool escape = source.starts_with("\\u") || source.starts_with("\\U");
    std::uint32_t code = static_cast<std::uint8_t>(source[0]);
    if (escape) {
      const std::size_t digits = source[1] == 'u' ? 4 : 8;
      source.remove_prefix(2);
      const auto value = take_hex(source, digits);
      if (!value) return {};
      code = *value;
    } else {
      source.remove_prefix(1);
    }
    if (!append_utf8(out, code)) return {};
  }
  return out;
}

std::optional<std::string> to_latin1(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto first = static_cast<std::uint8_t>(utf8[i]);
    if (first < 0x80) {
      out += utf8[i];
      continue;
    }
    // Only U+0080 to U+00FF are left: two bytes, of which the first is C2 or C3.
    if ((first != 0xc2 && first != 0xc3) || i + 1 == utf8.size()) return {};
    const auto second = static_cast<std::uint8_t>(utf8[++i]);
    if ((second & 0xc0) != 0x80) return {};
    out += static_cast<char>((first & 3u) << 6 | (second & 0x3fu));
  }
  return out;
}

}  // namespace nescio::io
