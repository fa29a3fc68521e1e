// What `list` and `describe` show of anything: one form for all catalogues.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/fact.h"
#include "base/parameters.h"

namespace nescio::cli {

/// A parameter without the type that it belongs to.
struct ParameterText {
  std::string name, type, default_value, range, unit, names, sweep, doc;
  bool required = false;

  /// "whole number; >= 1; usual values 5, 50"
  std::string values() const;
};

/// A self-description as words.
struct Description {
  std::string kind;  // "detector", "verb", ...
  std::string name;
  std::string summary;
  std::vector<Fact> facts = {};
  std::vector<ParameterText> parameters = {};
  std::vector<ParameterText> options = {};  // what stands behind '?', where it has both
  /// Further names that are taken for it wherever it is named.
  std::vector<std::string> aliases = {};
  /// What a list shows of it between its kind and its summary, the same columns for all of a catalogue.
  std::vector<std::pair<std::string, std::string>> columns = {};

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
/// A page of Markdown about all entries of a catalogue: a table of them, then a section for each. It
/// says that `nescio list CATALOGUE page=FILE.md` has written it, and is the same wherever that lies.
std::string catalogue_page(const std::string& catalogue, const std::vector<Description>& entries);

}  // namespace nescio::cli
