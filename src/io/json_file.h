// JSON on disk: errors with the place, writing all or nothing.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace nescio::io {

/// Parses the whole text. `where` (a path, say) begins the message of an Error, which names line
/// and column, of a text without line ends the column alone. Refused too: a key that occurs twice in
/// one object, more than 100 levels of nesting.
nlohmann::json parse_json(std::string_view text, std::string_view where);

/// Error if the file is missing, larger than 64 MiB or no JSON.
nlohmann::json read_json(const std::filesystem::path& path);

/// Indented by two blanks, with a line end. JSON is UTF-8: other texts are written as printable()
/// shows them.
std::string json_text(const nlohmann::json& value);
std::string json_text(const nlohmann::ordered_json& value);
/// The same in one line, without its end.
std::string json_line(const nlohmann::ordered_json& value);
/// The value as it is read back.
nlohmann::json in_utf8(const nlohmann::json& value);

/// Writes json_text() atomically.
void write_json(const std::filesystem::path& path, const nlohmann::json& value);

}  // namespace nescio::io
