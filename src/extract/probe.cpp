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
  if (!values.empty()) out.name = text(out.name, '(', join(values, ","), ')');
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

std::size_t Pass::rows() const {
  const image::Preprocessing& p = network_.preprocessing();
  return images_.size() / (p.planes() * p.height * p.width);
}

const Array& Pass::shared(const std::string& name, const std::function<Array()>& make) {
  const auto known = shared_.find(name);
  if (known != shared_.end()) return known->second;
  Array made = make();  // which may ask for others
  return shared_[name] = std::move(made);
}

const Array& Pass::gradient(const std::string& name, const Slope& slope) {
  return shared("gradient of " + name, [&] { return traced().gradient(slope(traced().logits())); });
}

const Array& Pass::gradient_at(const std::string& tap, const std::string& name,
                               const Slope& slope) {
  return shared(text("gradient at ", tap, " of ", name),
                [&, this] { return traced().gradient(slope(this->tap(tap)), tap); });
}

const Array& Pass::gradient_by(const std::string& tap, const std::string& name,
                               const Slope& slope) {
  return shared(text("gradient by ", tap, " of ", name), [&, this] {
    const auto pass = network_.trace_from(tap, this->tap(tap));
    return pass->gradient(slope(pass->logits()));
  });
}

runtime::TracedPass& Pass::traced() {
  if (!traced_) traced_ = network_.trace(images_, taps_);
  return *traced_;
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

void require_tap(const std::string& asks, const std::string& tap,
                 const std::vector<std::string>& known) {
  if (std::ranges::find(known, tap) != known.end()) return;
  fail("[", asks, "] the network has no tap '", tap, "'.",
       known.empty() ? " It has none." : suggest(tap, known));
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
