// Formula and paper of what was run, from the detectors' own descriptions.
#include <algorithm>

#include "base/error.h"
#include "base/spec.h"
#include "detectors/detector.h"
#include "evaluation/ensemble.h"
#include "report/sections.h"

namespace nescio::report {
namespace {

void collect(const Spec& spec, std::vector<std::string>& names) {
  for (const Term& term : spec.terms) {
    if (std::ranges::find(names, term.name) == names.end()) names.push_back(term.name);
    for (const Argument& argument : term.arguments) {
      for (const Spec& inside : argument.spec) collect(inside, names);
    }
  }
}

// Names of the stages of all specs, as they occur. What is no spec was scored elsewhere.
std::vector<std::string> stages(const Findings& findings) {
  std::vector<std::string> names;
  for (const std::string& detector : findings.best_first()) {
    try {
      collect(parse_spec(detector), names);
    } catch (const Error&) {
      names.push_back(detector);
    }
  }
  return names;
}

Html paper(const detectors::Paper& from) {
  Html out = Html(from.authors + ": ") + tag("cite", from.title) + ", " + from.venue;
  if (!from.arxiv.empty()) {
    out += Html(", ") +
           tag("a", {{"href", "https://arxiv.org/abs/" + from.arxiv}}, "arXiv:" + from.arxiv);
  }
  return out + ".";
}

Html described(const std::string& name) {
  if (name == "ensemble" || name == "mutual_information")
    return tag("dd", evaluation::ensemble_summary);
  const auto& all = detectors::catalogue();
  const auto info = std::ranges::find(all, name, &detectors::DetectorInfo::name);
  if (info == all.end()) return tag("dd", "Scores that were made elsewhere.");
  return tag("dd", Html(info->summary) + tag("pre", info->formula) + paper(info->paper));
}

}  // namespace

Html detectors_section(const Findings& findings) {
  Html list;
  for (const std::string& name : stages(findings)) {
    list += tag("dt", code(name)) + described(name);
  }
  const Html words = tag("p",
                         "h: features, z: logits of a row; C classes, D features. Higher scores "
                         "mean more OOD.");
  return tag("details", tag("summary", "Formulas and papers") + words + tag("dl", list));
}

}  // namespace nescio::report
