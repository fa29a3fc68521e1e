// YAML for people to write: options and protocols.
#pragma once

#include <filesystem>
#include <string_view>

#include <nlohmann/json.hpp>

namespace nescio::io {

/// One document as mappings (in the order of the file), lists, and texts: a scalar is the text that
/// stands there, whatever YAML would make of `no` or `1e3`; an empty one is null.
/// Error, beginning with `where` and the line, for broken YAML, a key that occurs twice in a
/// mapping or is no text, anchors and aliases, more than 100 levels of nesting or 1,000 keys of a
/// mapping, a second document.
nlohmann::ordered_json parse_yaml(std::string_view text, std::string_view where);

/// Error if the file is missing or larger than 64 MiB.
nlohmann::ordered_json read_yaml(const std::filesystem::path& path);

}  // namespace nescio::io
