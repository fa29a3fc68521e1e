#include "base/typed_spec.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

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
  const std::size_t end = spec.find_first_of(":?");
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

std::string with_option(std::string_view spec, std::string_view option) {
  return text(spec, split_typed_spec(spec).options.empty() ? "?" : "&", option);
}

}  // namespace nescio
