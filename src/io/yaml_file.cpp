#include "io/yaml_file.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "io/file.h"

namespace nescio::io {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_yaml_depth = 100;
// Keys in the order of the file are looked for one by one.
constexpr std::size_t max_keys = 1000;

/// Builds the value from the parser's events: unlike its tree, these know no types and no sharing.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view where) : where_(where) {}

  Json take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(mark, anchor, nullptr);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_sharing(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string& value) override {
    add(mark, anchor, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, Json::array());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, Json::object());
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    Json value;
    std::string key;
    bool has_key = false;
  };

  template <class... Parts>
  [[noreturn]] void refuse(const YAML::Mark& mark, const Parts&... parts) const {
    fail(where_, ": line ", mark.line + 1, ": ", parts...);
  }
  [[noreturn]] void refuse_sharing(const YAML::Mark& mark) const {
    refuse(mark, "anchors (&) and aliases (*) are not understood here; write the value out");
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, Json value) {
    if (anchor != 0) refuse_sharing(mark);
    if (levels_.size() == max_yaml_depth)
      refuse(mark, "more than ", max_yaml_depth, " levels of nesting");
    if (is_key()) refuse(mark, "expected a text as key, found a list or mapping");
    levels_.push_back({std::move(value), {}, false});
  }

  void close() {
    Json value = std::move(levels_.back().value);
    levels_.pop_back();
    place(std::move(value));
  }

  bool is_key() const {
    return !levels_.empty() && levels_.back().value.is_object() && !levels_.back().has_key;
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, Json value) {
    if (anchor != 0) refuse_sharing(mark);
    if (!is_key()) return place(std::move(value));
    Level& level = levels_.back();
    if (!value.is_string()) refuse(mark, "expected a text as key, found nothing");
    level.key = value.get<std::string>();
    if (level.value.size() == max_keys) {
      refuse(mark, "more than ", max_keys, " keys in one mapping");
    }
    if (level.value.contains(level.key)) refuse(mark, "the key '", level.key, "' occurs twice");
    level.has_key = true;
  }

  void place(Json value) {
    if (levels_.empty()) {
      root_ = std::move(value);
      return;
    }
    Level& level = levels_.back();
    if (level.value.is_array()) {
      level.value.push_back(std::move(value));
    } else {
      level.value[level.key] = std::move(value);
      level.has_key = false;
    }
  }

  std::string_view where_;
  std::vector<Level> levels_;
  Json root_;
};

}  // namespace

nlohmann::ordered_json parse_yaml(std::string_view text, std::string_view where) {
  std::istringstream in{std::string(text)};
  Builder builder(where);
  try {
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) return nullptr;
    Json value = builder.take();
    if (parser.HandleNextDocument(builder)) {
      fail(where, ": expected one document, found a second one behind '---'");
    }
    return value;
  } catch (const YAML::Exception& e) {
    fail(where, ": line ", e.mark.line + 1, ": no valid YAML: ", e.msg);
  }
}

nlohmann::ordered_json read_yaml(const std::filesystem::path& path) {
  return parse_yaml(read_text(path), path.string());
}

}  // namespace nescio::io
