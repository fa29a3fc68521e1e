#include "detectors/facts.h"

#include "base/text.h"

namespace nescio::detectors {
namespace {

using Values = std::vector<std::string>;

std::string print(const Paper& paper) {
  Values parts;
  for (const auto& part : {paper.authors, paper.title, paper.venue}) {
    if (!part.empty()) parts.push_back(part);
  }
  if (!paper.arxiv.empty()) parts.push_back("arXiv:" + paper.arxiv);
  return join(parts);
}

Values print(const Needs& needs) {
  Values parts;
  if (needs.logits) parts.emplace_back("logits");
  if (needs.features) parts.emplace_back("features");
  for (const std::string& name : needs.arrays) {
    parts.push_back(text("the array '", name, "' (extract with probes=", name, ")"));
  }
  if (needs.head) parts.emplace_back("head");
  if (needs.labels) parts.emplace_back("labels for fitting");
  return parts;
}

nlohmann::ordered_json parameters_as_json(const DetectorInfo& info) {
  auto all = nlohmann::ordered_json::array();
  for (const Parameter<Stage>& p : info.parameters) {
    nlohmann::ordered_json one = {{"name", p.info.name}, {"doc", p.info.doc}, {"type", p.type}};
    one["required"] = p.info.required;
    if (!p.info.required) one["default"] = p.default_value;
    if (const std::string range = describe_range(p.info); !range.empty()) one["range"] = range;
    if (!p.info.unit.empty()) one["unit"] = p.info.unit;
    if (!p.info.names.empty()) one["names"] = p.info.names;
    if (!p.info.sweep.empty()) one["sweep"] = p.info.sweep;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

bool can_be_exported(const DetectorInfo& info) { return info.needs.arrays.empty(); }

std::vector<Fact> facts_of(const DetectorInfo& info) {
  std::vector<Fact> facts;
  const auto add_all = [&](const char* name, Values values, bool several = true) {
    std::erase(values, "");
    if (!values.empty()) facts.push_back({name, std::move(values), several});
  };
  const auto add = [&](const char* name, const std::string& value) {
    add_all(name, {value}, false);
  };
  add("formula", info.formula);
  Values papers = {print(info.paper)};
  papers.insert(papers.end(), info.further_papers.begin(), info.further_papers.end());
  add_all("paper", papers);
  Values needs = print(info.needs);
  if (info.combinator) needs.emplace_back("what the detectors that it is made of need");
  add("needs", join(needs));
  add("cost", info.cost);
  add("fitted on", info.fit_on.empty() ? "nothing" : info.fit_on);
  Values learned;
  for (const LearnedArray& array : info.learned) learned.push_back(array.name + ": " + array.doc);
  add_all("learns", learned);
  const char* where_made =
      info.combinator ? "where all that it is made of can be exported" : "can be exported";
  add("in ONNX", can_be_exported(info)
                     ? where_made
                     : "cannot be exported: it reads what further passes through the network say");
  add("also called", join(info.aliases));
  add_all("deviations", info.deviations);
  return facts;
}

nlohmann::ordered_json describe_as_json(const DetectorInfo& info) {
  nlohmann::ordered_json out = {{"kind", info.shaper ? "shaper" : "detector"},
                                {"name", info.name},
                                {"summary", info.summary}};
  for (const Fact& fact : facts_of(info)) {
    if (fact.several) {
      out[fact.name] = fact.values;
    } else {
      out[fact.name] = fact.values.front();
    }
  }
  out["parameters"] = parameters_as_json(info);
  return out;
}

}  // namespace nescio::detectors
