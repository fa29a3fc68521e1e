#include "base/typed_spec.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace nescio {
namespace {

constexpr auto none = std::string_view::npos;

/// Where the path ends that is there: the whole text, or before one of its '?'; npos if none is.
std::size_t end_of_existing_path(std::string_view s) {
  for (std::size_t end = s.size();;) {
    const std::string_view path = s.substr(0, end);
    const std::size_t hash = path.rfind('#');
    const bool member = hash != none && path.find('?', hash) == none;
    if (path_exists(path) || (member && path_exists(path.substr(0, hash)))) return end;
    if (end == 0 || (end = s.rfind('?', end - 1)) == none) return none;
  }
}

std::size_t end_of_type(std::string_view spec) {
  int open = 0;
  for (std::size_t i = 0; i < spec.size(); ++i) {
    if (spec[i] == '(') ++open;
    if (spec[i] == ')') --open;
    if (open <= 0 && (spec[i] == ':' || spec[i] == '?')) return i;
  }
  return none;
}

/// "26" -> '&'; none unless these are two digits of base 16.
std::optional<char> byte_of_hex(std::string_view digits) {
  unsigned value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) return std::nullopt;
  return static_cast<char>(value);
}

bool is_balanced(std::string_view value) {
  try {
    split_top_level(value);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

bool path_exists(std::string_view path) {
  std::error_code ignored;
  return !path.empty() && std::filesystem::exists(std::filesystem::path(path), ignored);
}

TypedSpec split_path(std::string_view s) {
  std::size_t end = end_of_existing_path(s);
  if (end == none) end = std::min(s.rfind('?'), s.size());
  TypedSpec parts;
  parts.path = s.substr(0, end);
  if (end < s.size()) parts.options = s.substr(end + 1);
  return parts;
}

TypedSpec split_typed_spec(std::string_view spec) {
  const std::size_t end = end_of_type(spec);
  TypedSpec parts;
  if (end != none && spec[end] == ':') {
    parts = split_path(spec.substr(end + 1));
  } else if (end != none) {
    parts.options = spec.substr(end + 1);
  }
  parts.type = trim(spec.substr(0, end));
  return parts;
}

bool has_option(std::string_view spec, std::string_view key) {
  const auto options = split_top_level(split_typed_spec(spec).options, '&');
  return std::ranges::any_of(options,
                             [&](const std::string& o) { return o.substr(0, o.find('=')) == key; });
}

std::string with_option(std::string_view spec, std::string_view key, std::string_view value) {
  return text(spec, split_typed_spec(spec).options.empty() ? "?" : "&", key, "=",
              written_option(value));
}

std::string option_value(std::string_view written) {
  std::string out;
  for (std::size_t i = 0; i < written.size(); ++i) {
    const auto byte = written[i] == '%' ? byte_of_hex(written.substr(i + 1, 2)) : std::nullopt;
    out += byte.value_or(written[i]);
    if (byte) i += 2;
  }
  return out;
}

std::string written_option(std::string_view value) {
  const bool closed = is_balanced(value);
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool bracket = std::string_view("()[]{}").find(value[i]) != none;
    const bool escape = value[i] == '%' && byte_of_hex(value.substr(i + 1, 2));
    if (value[i] == '&' || escape || (bracket && !closed)) {
      constexpr std::string_view digits = "0123456789ABCDEF";
      const auto code = static_cast<unsigned char>(value[i]);
      out += {'%', digits[code / 16], digits[code % 16]};
    } else {
      out += value[i];
    }
  }
  return out;
}

}  // namespace nescio
