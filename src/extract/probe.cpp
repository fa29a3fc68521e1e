#include "extract/probe.h"

#include <algorithm>

#include "base/arguments.h"
#include "base/find_entry.h"
#include "base/usage.h"

namespace nescio::extract {
namespace {

NamedProbe make_probe(const std::string& source) {
  const Spec spec = parse_spec(source);
  if (spec.terms.size() != 1) fail("probe '", source, "': expected one, without '+'");
  const ProbeInfo& info = find_entry(probes::catalogue(), spec.terms[0].name, "probe");
  NamedProbe out{info.name, info.make()};
  set_arguments(*out.probe, info.parameters, "[" + info.name + "]", spec.terms[0]);
  std::vector<std::string> values;
  for (const auto& p : info.parameters) values.push_back(p.info.name + "=" + p.get(*out.probe));
  if (!values.empty()) out.name += "(" + join(values, ",") + ")";
  return out;
}

}  // namespace

const runtime::BackboneOutputs& Pass::outputs() {
  if (!outputs_) outputs_ = network_.forward(images_, taps_);
  return *outputs_;
}

const Array& Pass::tap(const std::string& name) {
  const auto found = std::ranges::find(taps_, name);
  if (found == taps_.end()) fail("a probe looks at ", name, " and has not said so");
  return outputs().taps[static_cast<std::size_t>(found - taps_.begin())];
}

const std::vector<float>& Pass::gradient(const std::string& name,
                                         const std::function<Array(const Array& logits)>& slope) {
  const auto known = gradients_.find(name);
  if (known != gradients_.end()) return known->second;
  if (!traced_) traced_ = network_.trace(images_);
  return gradients_[name] = traced_->gradient(slope(traced_->logits()));
}

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

std::vector<std::string> taps_of(const std::vector<const Probe*>& probes,
                                 const runtime::Backbone& network) {
  std::vector<std::string> all;
  for (const Probe* probe : probes) {
    for (const std::string& tap : probe->taps(network)) {
      if (std::ranges::find(all, tap) == all.end()) all.push_back(tap);
    }
  }
  return all;
}

}  // namespace nescio::extract
