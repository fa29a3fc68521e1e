// What somebody needs who wants the same numbers again.
#include <set>

#include "report/sections.h"

namespace nescio::report {
namespace {

constexpr std::size_t shown_of_value = 400;  // results.json has all of it

std::string in_words(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Html fact(const std::string& name, const std::string& value) {
  return tag("tr", tag("th", {{"scope", "row"}}, name) +
                       tag("td", {{"class", "wide"}}, tag("code", shorten(value, shown_of_value))));
}

// A line for every value inside; keys of what it lies in stand before it.
Html facts(const nlohmann::json& value, const std::string& name) {
  if (!value.is_object()) return fact(name, in_words(value));
  Html out;
  for (const auto& [key, inside] : value.items()) {
    out += facts(inside, name.empty() ? key : name + " / " + key);
  }
  return out;
}

Html hashes(const Findings& findings) {
  Html out;
  const bank::BankViews& bank = findings.bank();
  const auto add = [&](const std::string& place, const nlohmann::json& entry) {
    if (!entry.is_object() || !entry.contains("arrays")) return;
    for (const auto& [name, array] : entry.at("arrays").items()) {
      out += fact(place + " / " + name,
                  array.at("shape").dump() + " " + array.at("sha256").get<std::string>());
    }
  };
  for (const std::string& member : bank.members()) {
    const nlohmann::json network = bank.origin(member);
    if (network.is_object()) add(member.empty() ? "head" : member + " / head", network.at("head"));
  }
  std::vector<std::string> splits = {findings.roles().train, findings.roles().val};
  for (const std::string& split : findings.roles().ood_val) splits.push_back(split);
  for (const evaluation::SetInfo& set : findings.results().sets) {
    for (const evaluation::SetInfo& split : findings.splits_of(set)) splits.push_back(split.name);
  }
  std::set<std::string> seen;  // val may be the id split
  for (const std::string& split : splits) {
    if (!bank.has(split) || !seen.insert(split).second) continue;
    const nlohmann::json& manifest = bank.at(split).origin;
    if (!manifest.is_object()) continue;
    const auto inputs = manifest.find("inputs");
    if (inputs != manifest.end() && inputs->is_object() && inputs->contains("data_sha256")) {
      out += fact(split + " / data", in_words(inputs->at("data_sha256")));
    }
    add(split, manifest);
  }
  return out;
}

Html folded(const std::string& heading, const Html& body) {
  if (body.empty()) return {};
  return tag("details", tag("summary", heading) +
                            table({}, tag("tr", head_cells({{"what"}, {"value"}})), body));
}

}  // namespace

Html settings_section(const Findings& findings) {
  const nlohmann::json& run = findings.record().run;
  Html out = tag("pre", findings.record().command);
  for (const auto& [name, value] : run.items()) {
    if (name == "command" || name == "bank" || name == "further_banks") continue;
    out += folded(name, facts(value, value.is_object() ? "" : name));
  }
  for (const std::string& member : findings.bank().members()) {
    const nlohmann::json network = findings.bank().origin(member);
    if (!network.is_object()) continue;
    out +=
        folded(member.empty() ? "network" : "network of " + member, facts(network.at("model"), ""));
  }
  out += folded("SHA-256 of data and arrays", hashes(findings));
  return out;
}

}  // namespace nescio::report
