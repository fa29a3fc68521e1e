#include "cli/verb.h"

#include <algorithm>
#include <set>

#include "bank/manifest.h"
#include "io/yaml_file.h"

namespace nescio::cli {

ParameterInfo threads_info() {
  return {.name = "threads",
          .doc =
              "threads that compute; auto: OMP_NUM_THREADS or all cores. Results do not depend "
              "on it (what `train` learns: but for rounding)",
          .min = 1,
          .max = 4096};
}

ParameterInfo seed_info() {
  return {.name = "seed", .doc = "start of every random draw", .min = 0};
}

ParameterInfo model_info() {
  return {.name = "model",
          .doc =
              "NETWORK:PATH?key=value&... of its weights (safetensors, .pth or .th), or "
              "onnx:FILE?key=value&... (features=, logits=, layout=, mean=, std= ...)",
          .names = {"models"}};
}

ParameterInfo batch_info() {
  return {.name = "batch",
          .doc =
              "pictures per pass of the network; changes values by rounding only; auto: 128, on a "
              "CPU 8 where they are larger than 64 x 64",
          .min = 1,
          .max = 65536};
}

ParameterInfo device_info() {
  return {.name = "device",
          .doc = "auto (the first CUDA device, else the CPU), cpu, cuda or cuda:N"};
}

ParameterInfo required(ParameterInfo info) {
  info.required = true;
  return info;
}

ParameterInfo config_info() {
  return {.name = "config",
          .doc = "YAML file with options, `key: value`; what stands on the command line wins"};
}

namespace {

struct KeyValue {
  std::string key, value;
  bool bare = false;  // without a key
};

// "key=value"; a spec such as knn(k=5) has its '=' behind a bracket and is no key. What has none is the option that
// needs no key, unless that is `named` already.
KeyValue split_argument(const VerbInfo& info, const std::string& argument, bool named) {
  const auto equals = argument.find('=');
  const bool has_key = equals != std::string::npos && equals > 0 &&
                       std::all_of(argument.begin(), argument.begin() + static_cast<long>(equals),
                                   [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  if (has_key) return {argument.substr(0, equals), argument.substr(equals + 1)};
  if (!named && !info.positional.empty() && !argument.starts_with("--")) {
    return {info.positional, argument, true};
  }
  throw UsageError(text(info.name, ": expected key=value, found '", argument, "'; `nescio ",
                        info.name, " --help` lists the keys"));
}

/// The text of an option in YAML: a list is what the command line takes with commas.
std::string yaml_text(const nlohmann::ordered_json& value, const std::string& key) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object()) fail(key, ": expected a value or a list, found a mapping");
  std::vector<std::string> entries;
  for (const auto& entry : value) {
    if (!entry.is_string()) fail(key, ": expected a list of plain values");
    entries.push_back(entry.get<std::string>());
  }
  return join(entries, ",");
}

/// Sets the options of a file and returns their names. They are words of the command like those that
/// stand on it; only a file that cannot be read, or is no list of options, is a fault of the file.
std::set<std::string> read_config(const VerbInfo& info, Verb& verb, const std::string& path) {
  const nlohmann::ordered_json yaml = io::read_yaml(path);
  if (!yaml.is_object()) fail(path, ": expected `key: value` lines");
  std::set<std::string> keys;
  for (const auto& [key, value] : yaml.items()) {
    if (key == "config") fail_usage(path, ": a file of options cannot name another one");
    try {
      set_parameter(verb, info.options, info.name + ":", key, yaml_text(value, key));
    } catch (const Error& e) {
      fail_usage(path, ": ", e.what());
    }
    keys.insert(key);
  }
  return keys;
}

/// Options of a file that do nothing with the others as they are, which may have been typed: back to
/// their defaults, with a notice.
void leave_out_idle(const VerbInfo& info, Verb& verb, const std::set<std::string>& from_file,
                    const std::set<std::string>& typed) {
  for (const auto& option : info.options) {
    const std::string& name = option.info.name;
    const bool idle =
        from_file.contains(name) && !typed.contains(name) && option.counts && !option.counts(verb);
    if (!idle) continue;
    verb.notices.push_back(text(name, "=", option.get(verb),
                                " of the file does nothing here: it counts only with ",
                                option.info.when));
    option.set(verb, option.default_value);
  }
}

}  // namespace

std::unique_ptr<Verb> parse_options(const VerbInfo& info,
                                    const std::vector<std::string>& arguments) {
  auto verb = info.make();
  if (info.stand_in) return verb;  // it says why it cannot work, whatever the arguments
  std::vector<KeyValue> set;
  std::set<std::string> given;
  for (const std::string& argument : arguments) {
    const bool named = given.contains(info.positional);
    KeyValue next = split_argument(info, argument, named && info.joint.empty());
    if (named && next.bare) {
      std::ranges::find(set, next.key, &KeyValue::key)->value += info.joint + next.value;
      continue;
    }
    set.push_back(std::move(next));
    if (!given.insert(set.back().key).second) {
      throw UsageError(text(info.name, ": '", set.back().key, "' is given twice"));
    }
  }
  const std::set<std::string> given_here = given;
  std::set<std::string> from_file;
  for (const KeyValue& argument : set) {
    if (argument.key != "config") continue;
    from_file = read_config(info, *verb, argument.value);
  }
  given.insert(from_file.begin(), from_file.end());
  for (const KeyValue& argument : set) {
    as_usage(
        [&] { set_parameter(*verb, info.options, info.name + ":", argument.key, argument.value); });
  }
  leave_out_idle(info, *verb, from_file, given_here);
  as_usage([&] {
    check_parameters(*verb, info.options, info.name + ":",
                     std::vector<std::string>(given_here.begin(), given_here.end()));
  });
  std::vector<std::string> missing;
  for (const auto& option : info.options) {
    if (option.info.required && (!given.contains(option.info.name) || option.get(*verb).empty())) {
      const auto& choices = option.info.choices;
      const std::string one_of = choices.empty() ? "" : text("; one of ", join(choices));
      missing.push_back(text(option.info.name, "= (", option.info.doc, one_of, ")"));
    }
  }
  if (!missing.empty()) throw UsageError(text(info.name, ": missing ", join(missing)));
  return verb;
}

std::vector<std::string> parse_splits(const std::string& list, std::string_view option) {
  const auto splits = as_usage([&] { return split_top_level(list); });
  for (auto split = splits.begin(); split != splits.end(); ++split) {
    if (split->empty()) throw UsageError(text(option, ": a name is missing in '", list, "'"));
    if (std::find(splits.begin(), split, *split) != split) {
      throw UsageError(text(option, ": '", *split, "' is given twice"));
    }
  }
  return splits;
}

void check_split_option(const std::string& split, std::string_view option) {
  try {
    bank::check_split_name(split);
  } catch (const Error& e) {
    fail_usage(option, ": ", e.what());
  }
}

std::vector<std::pair<std::string, std::string>> resolved_options(const VerbInfo& info,
                                                                  const Verb& verb) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& option : info.options) {
    std::string value = option.get(verb);
    if (!value.empty() && option.info.name != "config")
      out.emplace_back(option.info.name, std::move(value));
  }
  return out;
}

}  // namespace nescio::cli
