#include "io/json_file.h"

#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "io/file.h"

namespace nescio {
namespace {

constexpr int max_depth = 100;

// "line 3, column 7" of the byte at `offset` (0-based).
std::string position(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  std::size_t line = 1;
  for (const char c : before) line += c == '\n' ? 1 : 0;
  const auto start = before.rfind('\n');
  const std::size_t column = start == std::string_view::npos ? offset : offset - start - 1;
  return nescio::text("line ", line, ", column ", column + 1);
}

}  // namespace

nlohmann::json parse_json(std::string_view text, std::string_view where) {
  using Json = nlohmann::json;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > max_depth) fail(where, ": more than ", max_depth, " levels of nesting");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto key = value.get<std::string>();
      if (!keys.back().insert(key).second) fail(where, ": the key '", key, "' occurs twice");
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), check);
  } catch (const Json::parse_error& e) {
    const std::size_t offset = e.byte > 0 ? e.byte - 1 : 0;
    fail(where, ": no valid JSON at ", position(text, std::min(offset, text.size())));
  } catch (const Json::exception& e) {
    fail(where, ": no valid JSON: ", e.what());
  }
}

nlohmann::json read_json(const std::filesystem::path& path) {
  return parse_json(read_text(path), path.string());
}

void write_json(const std::filesystem::path& path, const nlohmann::json& value) {
  std::string out;
  try {
    out = value.dump(2);
  } catch (const nlohmann::json::exception& e) {
    fail(path.string(), ": a text that is not UTF-8 cannot be written as JSON (", e.what(), ")");
  }
  write_text(path, out + "\n");
}

}  // namespace nescio
