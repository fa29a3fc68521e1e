#include "cli/description.h"

#include "base/text.h"

namespace nescio::cli {

void Description::fact(const std::string& fact_name, const std::string& value) {
  if (!value.empty()) facts.push_back({fact_name, {value}, false});
}

void Description::fact(const std::string& fact_name, const std::vector<std::string>& values) {
  if (!values.empty()) facts.push_back({fact_name, values, true});
}

std::string ParameterText::values() const {
  std::vector<std::string> limits;
  if (!range.starts_with("one of")) limits.push_back(type);
  if (!range.empty()) limits.push_back(range);
  if (!unit.empty()) limits.push_back("in " + unit);
  if (!names.empty()) limits.push_back("names from `nescio list`: " + names);
  if (!sweep.empty()) limits.push_back("usual values " + sweep);
  return join(limits, "; ");
}

namespace {

std::string to_text(const std::vector<ParameterText>& parameters) {
  std::string out;
  for (const ParameterText& p : parameters) {
    out += text("  ", p.name, p.required ? " (required)" : "",
                p.default_value.empty() ? "" : " = " + p.default_value, "\n      ", p.doc,
                "\n      ", p.values(), "\n");
  }
  return out;
}

nlohmann::ordered_json to_json(const std::vector<ParameterText>& parameters) {
  auto all = nlohmann::ordered_json::array();
  for (const ParameterText& p : parameters) {
    nlohmann::ordered_json one = {{"name", p.name}, {"doc", p.doc}, {"type", p.type}};
    one["required"] = p.required;
    if (!p.required) one["default"] = p.default_value;
    if (!p.range.empty()) one["range"] = p.range;
    if (!p.unit.empty()) one["unit"] = p.unit;
    if (!p.names.empty()) one["names"] = split_top_level(p.names);
    if (!p.sweep.empty()) one["sweep"] = split_top_level(p.sweep);
    all.push_back(one);
  }
  return all;
}

}  // namespace

std::string to_text(const Description& d) {
  std::string out = text(d.name, " (", d.kind, ")\n  ", d.summary, "\n");
  for (const Fact& fact : d.facts) {
    out += "\n" + fact.name + "\n";
    for (const std::string& value : fact.values) out += "  " + value + "\n";
  }
  if (!d.parameters.empty()) out += "\nparameters\n" + to_text(d.parameters);
  if (!d.options.empty()) out += "\noptions behind '?'\n" + to_text(d.options);
  return out;
}

nlohmann::ordered_json to_json(const Description& d) {
  nlohmann::ordered_json out = {{"kind", d.kind}, {"name", d.name}, {"summary", d.summary}};
  for (const Fact& fact : d.facts) {
    if (fact.several) {
      out[fact.name] = fact.values;
    } else {
      out[fact.name] = fact.values.front();
    }
  }
  out["parameters"] = to_json(d.parameters);
  if (!d.options.empty()) out["options"] = to_json(d.options);
  return out;
}

}  // namespace nescio::cli
