#include "evaluation/protocol.h"

#include <algorithm>

#include "bank/manifest.h"
#include "base/typed_spec.h"
#include "base/usage.h"
#include "io/file.h"
#include "io/yaml_file.h"

namespace nescio::evaluation {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// A value of the file that knows where it stands.
class Node {
 public:
  Node(const OrderedJson& value, const std::string& file, std::string key = {})
      : value_(value), file_(file), key_(std::move(key)) {}

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(file_, ": ", key_, key_.empty() ? "" : ": ", parts...);
  }

  bool is_mapping() const { return value_.is_object(); }

  std::string scalar() const {
    if (!value_.is_string()) refuse("expected a text, found ", kind());
    return value_.get<std::string>();
  }

  std::size_t count() const {
    try {
      const long long number = parse_integer(scalar(), "it");
      if (number > 0) return static_cast<std::size_t>(number);
    } catch (const Error&) {
    }
    refuse("expected a whole number > 0, found ", kind());
  }

  /// Of a list or a single text.
  std::vector<std::string> list() const {
    if (!value_.is_array()) return {scalar()};
    std::vector<std::string> out;
    for (std::size_t i = 0; i < value_.size(); ++i) {
      out.push_back(Node(value_[i], file_, text(key_, "[", i, "]")).scalar());
    }
    return out;
  }

  void require_mapping() const {
    if (!is_mapping()) refuse("expected `key: value` lines, found ", kind());
  }

  std::vector<std::pair<std::string, Node>> entries() const {
    require_mapping();
    std::vector<std::pair<std::string, Node>> out;
    for (const auto& [key, value] : value_.items()) out.emplace_back(key, child(key, value));
    return out;
  }

  /// Null if there is none.
  std::optional<Node> find(const std::string& key) const {
    const auto found = value_.find(key);
    return found == value_.end() ? std::nullopt : std::optional(child(key, *found));
  }

  Node at(const std::string& key) const {
    if (const auto found = find(key)) return *found;
    refuse("'", key, "' is missing");
  }

  void allow(const std::vector<std::string>& keys) const {
    for (const auto& [key, value] : entries()) {
      if (std::ranges::find(keys, key) == keys.end()) {
        refuse("unknown key '", key, "'.", suggest(key, keys));
      }
    }
  }

 private:
  Node child(const std::string& key, const OrderedJson& value) const {
    return {value, file_, key_.empty() ? key : key_ + "." + key};
  }

  std::string kind() const {
    if (value_.is_null()) return "nothing";
    if (value_.is_array()) return "a list";
    return value_.is_object() ? "a mapping" : text("'", value_.get<std::string>(), "'");
  }

  const OrderedJson& value_;
  const std::string& file_;
  std::string key_;  // "sets.cifar10/val.rows"; empty at the top
};

/// `words` with what the user says in the place of {root}, which was {data} in the first protocols,
/// and of {split}; behind `options_from`, among the options of a spec, as these are written.
std::string filled(const Node& node, std::string words, const ProtocolOptions& options,
                   std::size_t options_from = std::string::npos) {
  const auto fill = [&](const std::string& place, const std::string& value, const char* wanted) {
    // From behind, so that `options_from` stays where it is.
    for (std::size_t at = words.rfind(place); at != std::string::npos;
         at = at == 0 ? std::string::npos : words.rfind(place, at - 1)) {
      if (value.empty()) as_usage([&] { node.refuse("needs ", wanted); });
      const std::string put = at > options_from ? written_option(value) : value;
      words.replace(at, place.size(), put);
      if (at < options_from && options_from != std::string::npos) {
        options_from += put.size() - place.size();
      }
    }
  };
  for (const char* place : {"{root}", "{data}"}) {
    fill(place, options.root, "the folder of the data sets; give it with root=DIR");
  }
  fill("{split}", options.split, "the number of a split of the classes; give it with split=N");
  return words;
}

std::string filled_spec(const Node& node, const ProtocolOptions& options) {
  const std::string spec = node.scalar();
  return filled(node, spec, options, spec.find('?'));
}

ProtocolSet read_set(const std::string& name, const Node& node, const ProtocolOptions& options) {
  try {
    bank::check_split_name(name);
  } catch (const Error& e) {
    node.refuse(e.what());
  }
  ProtocolSet set{.name = name, .data = {}, .rows = {}};
  if (!node.is_mapping()) {
    set.data = filled_spec(node, options);
    return set;
  }
  set.data = filled_spec(node.at("data"), options);
  for (const auto& [key, value] : node.entries()) {
    if (key == "data") continue;
    if (key == "rows") {
      set.rows = value.count();
    } else {
      set.data = with_option(set.data, key, filled(value, join(value.list(), ","), options));
    }
  }
  return set;
}

class Reader {
 public:
  Reader(const Node& root, const ProtocolOptions& options) : root_(root), options_(options) {}

  Protocol read() {
    root_.allow({"name", "summary", "preprocessing", "sets", "roles"});
    Protocol out;
    out.name = root_.at("name").scalar();
    if (const auto summary = root_.find("summary")) out.summary = summary->scalar();
    if (const auto options = root_.find("preprocessing")) out.preprocessing = options->scalar();
    for (const auto& [name, node] : root_.at("sets").entries()) {
      sets_.push_back(read_set(name, node, options_));
      names_.push_back(name);
    }
    read_roles(out);
    for (ProtocolSet& set : sets_) {
      const bool used = std::ranges::find(used_, set.name) != used_.end();
      if (used) {
        out.sets.push_back(std::move(set));
      } else {
        out.unused.push_back(set.name);
      }
    }
    return out;
  }

 private:
  void read_roles(Protocol& out) {
    const Node roles = root_.at("roles");
    roles.allow({"train", "val", "id", "shifted", "near", "far", "ood_val"});
    const auto many = [&](const char* role) {
      const auto node = roles.find(role);
      return node ? declared(*node, node->list()) : std::vector<std::string>{};
    };
    const auto one = [&](const char* role) {
      const auto node = roles.find(role);
      return node ? declared(*node, {node->scalar()}).front() : std::string();
    };
    out.roles = {one("train"), one("val"),  one("id"),      many("shifted"),
                 many("near"), many("far"), many("ood_val")};
    if (const auto id = roles.find("id"); id && id->scalar().find("{split}") != std::string::npos) {
      std::erase(out.roles.near, out.roles.id);
      std::erase(out.roles.far, out.roles.id);
    }
    try {
      check_roles(out.roles);
    } catch (const Error& e) {
      roles.refuse(e.what());
    }
  }

  std::vector<std::string> declared(const Node& node, std::vector<std::string> names) {
    for (std::string& name : names) {
      name = filled(node, name, options_);
      if (std::ranges::find(names_, name) == names_.end()) {
        node.refuse("'", name, "' is none of the sets above.", suggest(name, names_));
      }
      used_.push_back(name);
    }
    return names;
  }

  const Node& root_;
  const ProtocolOptions& options_;
  std::vector<ProtocolSet> sets_;
  std::vector<std::string> names_;  // of sets_
  std::vector<std::string> used_;   // by a role
};

}  // namespace

std::string Protocol::model_spec(std::string model) const {
  for (const std::string& option : split_top_level(preprocessing, '&')) {
    const auto equals = std::min(option.find('='), option.size());
    const std::string key = option.substr(0, equals);
    const std::string value = option_value(option.substr(std::min(equals + 1, option.size())));
    if (!has_option(model, key)) model = with_option(model, key, value);
  }
  return model;
}

Protocol read_protocol(const std::filesystem::path& path, const ProtocolOptions& options) {
  return parse_protocol(io::read_text(path), path.string(), options);
}

Protocol parse_protocol(std::string_view yaml, const std::string& where,
                        const ProtocolOptions& options) {
  OrderedJson file = io::parse_yaml(yaml, where);
  const Node root(file, where);
  root.require_mapping();
  for (const auto& [role, sets] : options.roles) {
    OrderedJson& roles = file["roles"];
    if (roles.is_null()) roles = OrderedJson::object();
    root.at("roles").require_mapping();
    if (sets == "none") {
      roles.erase(role);
    } else if (role == "train" || role == "val" || role == "id") {
      roles[role] = sets;
    } else {
      roles[role] = split_top_level(sets);
    }
  }
  return Reader(root, options).read();
}

nlohmann::ordered_json to_json(const Protocol& protocol) {
  OrderedJson out = {{"name", protocol.name},
                     {"summary", protocol.summary},
                     {"preprocessing", protocol.preprocessing}};
  for (const ProtocolSet& set : protocol.sets) {
    out["sets"][set.name] = {{"data", set.data}};
    if (set.rows) out["sets"][set.name]["expected_rows"] = *set.rows;
  }
  const Roles& roles = protocol.roles;
  out["roles"] = {{"train", roles.train},     {"val", roles.val},   {"id", roles.id},
                  {"shifted", roles.shifted}, {"near", roles.near}, {"far", roles.far},
                  {"ood_val", roles.ood_val}};
  return out;
}

}  // namespace nescio::evaluation
