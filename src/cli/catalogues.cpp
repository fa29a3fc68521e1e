#include "cli/catalogues.h"

#include <algorithm>
#include <iterator>

#include "cli/executors.h"
#include "cli/help_text.h"
#include "cli/network_part.h"
#include "cli/network_verbs.h"
#include "detectors/facts.h"
#include "extract/probe.h"
#include "image/augmentations/augmentation.h"
#include "image/datasets/dataset.h"
#include "metrics/metrics.h"

namespace nescio::cli {
namespace {

Description describe(const detectors::DetectorInfo& info) {
  Description d{info.shaper ? "shaper" : "detector", info.name, info.summary};
  d.facts = detectors::facts_of(info);
  d.columns = {{"in ONNX", detectors::can_be_exported(info) ? "yes" : "no"}};
  d.parameters = in_words(info.parameters);
  return d;
}

Description describe(const image::DatasetInfo& info) {
  Description d{"data set", info.name, info.summary};
  std::string usage = info.name + ":PATH";
  for (std::size_t i = 0; i < info.options.size(); ++i) {
    usage += (i == 0 ? "[?" : "[&") + info.options[i].info.name + "=...]";
  }
  d.fact("usage", usage);
  d.fact("path", info.path);
  d.parameters = in_words(info.options);
  return d;
}

Description describe(const image::AugmentInfo& info) {
  Description d{"augmentation", info.name, info.summary};
  d.fact("paper", info.paper);
  d.parameters = in_words(info.parameters);
  return d;
}

Description describe(const extract::ProbeInfo& info) {
  Description d{"probe", info.name, info.summary};
  d.fact("formula", info.formula);
  d.fact("paper", info.paper);
  d.fact("adds", text("an array called as the probe with all its parameters: ", info.array));
  d.fact("costs", info.cost);
  if (info.learns) d.fact("learns", "from training pictures, fit=, before it runs");
  d.parameters = in_words(info.parameters);
  return d;
}

Description describe(const expr::Executor& executor) {
  Description d{"executor", executor.name, executor.summary};
  d.fact("precision", executor.precision == expr::Precision::float32 ? "float32" : "float64");
  return d;
}

Description describe(const metrics::Metric& metric) {
  Description d{"metric", metric.name, metric.definition};
  d.fact("positive", metric.positive);
  d.fact("ties", metric.ties);
  d.fact("interval", metric.interval);
  d.fact("better", metric.higher_is_better ? "higher" : "lower");
  if (!metric.family.empty()) {
    d.fact("at other levels", text(metric.family, "(", metric.level.name, "=...): ",
                                   metric.level.doc, ", ", describe_range(metric.level)));
    d.aliases = {metric.family};
  }
  return d;
}

Description describe(const VerbInfo& entry) {
  const VerbInfo& info = in_full(entry);
  Description d{"verb", info.name, info.summary};
  d.fact("usage", usage_line(info));
  d.fact("details", info.details);
  d.fact("examples", info.examples);
  d.parameters = in_words(info.options);
  return d;
}

template <class Entries>
std::vector<Description> describe_all(const Entries& entries) {
  std::vector<Description> out;
  out.reserve(entries.size());
  for (const auto& entry : entries) out.push_back(describe(entry));
  return out;
}

std::optional<std::vector<Description>> of_network_part(
    std::vector<Description> (NetworkPart::*entries)() const) {
  const NetworkPart* part = network_part();
  if (part == nullptr) return std::nullopt;
  return (part->*entries)();
}

/// Reads the entries; none where this build has no libtorch and they need it.
struct Catalogue {
  const char* name;
  std::optional<std::vector<Description>> (*read)();
};

const std::vector<Catalogue>& catalogues() {
  using Entries = std::optional<std::vector<Description>>;
  static const std::vector<Catalogue> all = {
      {"detectors", []() -> Entries { return describe_all(detectors::catalogue()); }},
      {"models", [] { return of_network_part(&NetworkPart::networks); }},
      {"methods", [] { return of_network_part(&NetworkPart::methods); }},
      {"probes", []() -> Entries { return describe_all(extract::probes::catalogue()); }},
      {"datasets", []() -> Entries { return describe_all(image::datasets::catalogue()); }},
      {"augmentations",
       []() -> Entries { return describe_all(image::augmentations::catalogue()); }},
      {"metrics", []() -> Entries { return describe_all(metrics::metrics()); }},
      {"executors", []() -> Entries { return describe_all(expr::executors::catalogue()); }},
      {"verbs", []() -> Entries { return describe_all(verbs::catalogue()); }},
  };
  return all;
}

[[noreturn]] void refuse_name(const std::string& name, const std::vector<Description>& all) {
  // Other toolkits' names are answered with ours.
  for (const detectors::DetectorInfo& info : detectors::catalogue()) {
    if (std::ranges::find(info.aliases, name) != info.aliases.end()) {
      throw UsageError(text("unknown name '", name, "': here it is called '", info.name, "'"));
    }
  }
  std::vector<std::string> known;
  for (const Description& d : all) known.push_back(d.name);
  throw UsageError(text("unknown name '", name, "'.", did_you_mean(name, known),
                        " `nescio list` knows those of ", join(catalogue_names()), "."));
}

}  // namespace

std::vector<std::string> catalogue_names() {
  std::vector<std::string> names;
  for (const Catalogue& catalogue : catalogues()) names.emplace_back(catalogue.name);
  return names;
}

std::vector<Description> read_catalogue(std::string_view name) {
  for (const Catalogue& catalogue : catalogues()) {
    if (catalogue.name != name) continue;
    auto entries = catalogue.read();
    if (!entries) fail("this build has no libtorch, so it knows no ", name);
    return *std::move(entries);
  }
  fail("unknown catalogue '", name, "'.", suggest(name, catalogue_names()));
}

std::vector<Description> find_descriptions(const std::string& name) {
  std::vector<Description> all;
  for (const Catalogue& catalogue : catalogues()) {
    if (auto entries = catalogue.read()) std::ranges::move(*entries, std::back_inserter(all));
  }
  const auto called = [&](const std::string& word) {
    std::vector<Description> found;
    for (const Description& d : all) {
      if (d.name == word || std::ranges::find(d.aliases, word) != d.aliases.end()) {
        found.push_back(d);
      }
    }
    return found;
  };
  std::vector<Description> found = called(name);
  if (!found.empty()) return found;
  // Of a spec, what it is made of: react and energy of react(q=0.9)+energy.
  for (const std::string& part : split_top_level(name, '+')) {
    const auto some = called(part.substr(0, part.find('(')));
    if (some.empty()) refuse_name(name, all);
    found.insert(found.end(), some.begin(), some.end());
  }
  return found;
}

}  // namespace nescio::cli
