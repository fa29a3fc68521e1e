#include "io/json_file.h"

#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "io/file.h"

namespace nescio::io {
namespace {

constexpr int max_json_depth = 100;

// "line 3, column 7" of the byte at `offset` (0-based); of a single line the column alone.
std::string position(std::string_view text, std::size_t offset) {
  if (text.find('\n') == std::string_view::npos) return nescio::text("column ", offset + 1);
  const std::string_view before = text.substr(0, offset);
  std::size_t line = 1;
  for (const char c : before) line += c == '\n' ? 1 : 0;
  const auto start = before.rfind('\n');
  const std::size_t column = start == std::string_view::npos ? offset : offset - start - 1;
  return nescio::text("line ", line, ", column ", column + 1);
}

bool is_utf8(const std::string& words) {
  try {
    nlohmann::json(words).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

std::string visible(const std::string& words) { return is_utf8(words) ? words : printable(words); }

// JSON is UTF-8. Other texts, names of files mostly, are written as people are shown them.
template <class Json>
Json visible(const Json& value) {
  if (value.is_string()) return visible(value.template get_ref<const std::string&>());
  if (!value.is_structured()) return value;
  Json out = value.is_array() ? Json::array() : Json::object();
  if (value.is_array()) {
    for (const Json& entry : value) out.push_back(visible(entry));
  } else {
    for (const auto& [key, entry] : value.items()) out[visible(key)] = visible(entry);
  }
  return out;
}

}  // namespace

nlohmann::json parse_json(std::string_view text, std::string_view where) {
  using Json = nlohmann::json;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > max_json_depth) fail(where, ": more than ", max_json_depth, " levels of nesting");
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

nlohmann::json in_utf8(const nlohmann::json& value) { return visible(value); }

std::string json_text(const nlohmann::json& value) { return visible(value).dump(2) + "\n"; }
std::string json_text(const nlohmann::ordered_json& value) { return visible(value).dump(2) + "\n"; }

std::string json_line(const nlohmann::ordered_json& value) { return visible(value).dump(); }

void write_json(const std::filesystem::path& path, const nlohmann::json& value) {
  write_text(path, json_text(value));
}

}  // namespace nescio::io
