#include "onnx/class_names.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/usage.h"
#include "io/file.h"

namespace nescio::onnx {
namespace {

std::vector<std::string> lines_of(std::string_view all) {
  std::vector<std::string> out;
  while (!all.empty()) {
    const auto end = all.find('\n');
    std::string_view line = all.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.emplace_back(line);
    all.remove_prefix(end == std::string_view::npos ? all.size() : end + 1);
  }
  while (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}

/// {0: 'tench', 1: "goldfish"} as JSON: keys in quotes, and all quotes double.
std::string json_of_python(std::string_view literal) {
  std::string out;
  char quote = 0;
  for (std::size_t i = 0; i < literal.size(); ++i) {
    const char c = literal[i];
    if (quote != 0) {
      const bool escaped = c == '\\' && i + 1 < literal.size();
      if (escaped && literal[i + 1] == '\'') {
        out += literal[++i];
      } else if (escaped) {
        out += c;
        out += literal[++i];
      } else if (c == quote) {
        out += '"';
        quote = 0;
      } else {
        if (c == '"') out += '\\';
        out += c;
      }
    } else if (c == '\'' || c == '"') {
      out += '"';
      quote = c;
    } else if ('0' <= c && c <= '9') {
      out += '"';
      for (; i < literal.size() && '0' <= literal[i] && literal[i] <= '9'; ++i) out += literal[i];
      --i;
      out += '"';
    } else {
      out += c;
    }
  }
  return out;
}

/// Names by number; empty where the numbers are not 0, 1, 2, ...
std::vector<std::string> by_number(const nlohmann::json& object) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < object.size(); ++i) {
    const auto found = object.find(text(i));
    if (found == object.end() || !found->is_string()) return {};
    out.push_back(found->get<std::string>());
  }
  return out;
}

std::vector<std::string> names_in(const std::string& value) {
  for (const std::string& written : {value, json_of_python(value)}) {
    const nlohmann::json parsed = nlohmann::json::parse(written, nullptr, false);
    if (parsed.is_object()) return by_number(parsed);
    if (!parsed.is_array()) continue;
    std::vector<std::string> out;
    for (const nlohmann::json& name : parsed)
      out.push_back(name.is_string() ? name.get<std::string>() : name.dump());
    return out;
  }
  return lines_of(value);
}

}  // namespace

std::vector<std::string> class_names_of_file(const std::string& path, std::size_t classes) {
  auto names = lines_of(io::read_text(path));
  if (names.size() != classes) {
    throw UsageError(text("[onnx] classes: expected the ", classes,
                          " names of the network, a line each, found ", names.size(), " in ",
                          printable(path)));
  }
  return names;
}

std::vector<std::string> class_names_of_metadata(const std::map<std::string, std::string>& metadata,
                                                 std::size_t classes) {
  for (const char* key : {"nescio.class_names", "class_names", "names", "classes", "labels"}) {
    const auto found = metadata.find(key);
    if (found == metadata.end()) continue;
    auto names = names_in(found->second);
    if (names.size() == classes) return names;
  }
  return {};
}

}  // namespace nescio::onnx
