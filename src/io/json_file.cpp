#include "io/json_file.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "io/file.h"

namespace nescio::io {
namespace {

constexpr std::size_t max_json_depth = 100;

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

/// Makes the value of what the parser finds. nlohmann's own builder, asked to call back, looks through all members of a
/// list or object whenever an object in it ends.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  using Json = nlohmann::json;

  Builder(std::string_view text, std::string_view where) : text_(text), where_(where) {}
  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t& value) override { return add(std::move(value)); }  // JSON as text has none
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    const auto [member, is_new] = open_.back()->get_ref<Json::object_t&>().emplace(name, Json());
    if (!is_new) fail(where_, ": the key '", name, "' occurs twice");
    member_ = &member->second;
    return true;
  }

  bool parse_error(std::size_t byte, const std::string& token,
                   const Json::exception& error) override {
    const std::string place = position(text_, std::min(byte > 0 ? byte - 1 : 0, text_.size()));
    if (dynamic_cast<const Json::out_of_range*>(&error) != nullptr) {
      fail(where_, ": the number ", token, " that ends at ", place, " is too large");
    }
    fail(where_, ": no valid JSON at ", place);
  }

 private:
  /// Puts it where the next value belongs.
  bool add(Json value) {
    place() = std::move(value);
    return true;
  }

  bool open(Json value) {
    if (open_.size() == max_json_depth)
      fail(where_, ": more than ", max_json_depth, " levels of nesting");
    Json& here = place();
    here = std::move(value);
    open_.push_back(&here);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  Json& place() {
    if (open_.empty()) return root_;
    if (open_.back()->is_object()) return *member_;
    return open_.back()->emplace_back();
  }

  std::string_view text_, where_;
  Json root_;
  std::vector<Json*> open_;  // lists and objects that have not ended
  Json* member_ = nullptr;   // that the last key named
};

}  // namespace

nlohmann::json parse_json(std::string_view text, std::string_view where) {
  Builder builder(text, where);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
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
