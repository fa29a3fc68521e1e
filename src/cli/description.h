// What `list` and `describe` show of anything: one form for all catalogues.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/parameters.h"

namespace nescio::cli {

/// A parameter without the type that it belongs to.
struct ParameterText {
  std::string name, type, default_value, range, unit, names, sweep, doc;
  bool required = false;
};

/// A self-description as words.
struct Description {
  std::string kind;  // "detector", "verb", ...
  std::string name;
  std::string summary;
  std::vector<std::pair<std::string, std::vector<std::string>>> facts = {};  // "formula", ...
  std::vector<ParameterText> parameters = {};
  std::vector<ParameterText> options = {};  // what stands behind '?', where it has both
  /// Further names that are taken for it wherever it is named.
  std::vector<std::string> aliases = {};

  /// Adds a fact unless it is empty.
  void fact(const std::string& name, const std::string& value);
  void fact(const std::string& name, const std::vector<std::string>& values);
};

template <class Base>
std::vector<ParameterText> in_words(const std::vector<Parameter<Base>>& parameters) {
  std::vector<ParameterText> out;
  out.reserve(parameters.size());
  for (const auto& p : parameters) {
    out.push_back({p.info.name, p.type, p.default_value, describe_range(p.info), p.info.unit,
                   join(p.info.names), join(p.info.sweep), p.info.doc, p.info.required});
  }
  return out;
}

std::string to_text(const Description& description);
nlohmann::ordered_json to_json(const Description& description);

}  // namespace nescio::cli
