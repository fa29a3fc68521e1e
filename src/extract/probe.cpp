#include "extract/probe.h"

#include <algorithm>

#include "base/arguments.h"
#include "base/usage.h"

namespace nescio::extract {
namespace {

const ProbeInfo& find_probe(const std::string& name) {
  std::vector<std::string> names;
  for (const ProbeInfo& info : probes::catalogue()) {
    if (info.name == name) return info;
    names.push_back(info.name);
  }
  fail("unknown probe '", name, "'.", suggest(name, names));
}

NamedProbe make_probe(const std::string& source) {
  const Spec spec = parse_spec(source);
  if (spec.terms.size() != 1) fail("probe '", source, "': expected one, without '+'");
  const ProbeInfo& info = find_probe(spec.terms[0].name);
  NamedProbe out{info.name, info.make()};
  set_arguments(*out.probe, info.parameters, "[" + info.name + "]", spec.terms[0]);
  std::vector<std::string> values;
  for (const auto& p : info.parameters) values.push_back(p.info.name + "=" + p.get(*out.probe));
  if (!values.empty()) out.name += "(" + join(values, ",") + ")";
  return out;
}

}  // namespace

std::vector<NamedProbe> make_probes(const std::vector<std::string>& specs) {
  std::vector<NamedProbe> out;
  for (const std::string& spec : specs) {
    NamedProbe made = as_usage([&] { return make_probe(spec); });
    const auto same = [&](const NamedProbe& other) { return other.name == made.name; };
    if (std::ranges::any_of(out, same)) {
      fail_usage("the probe ", made.name, " is asked for twice");
    }
    out.push_back(std::move(made));
  }
  return out;
}

}  // namespace nescio::extract
