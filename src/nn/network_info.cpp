#include "nn/network_info.h"

#include "base/arguments.h"
#include "base/find_entry.h"
#include "base/usage.h"

namespace nescio::nn {

const NetworkInfo& find_network(std::string_view name) {
  return as_usage([&]() -> auto& { return find_entry(networks::catalogue(), name, "network"); });
}

std::string DesignedNetwork::name() const {
  std::vector<std::string> changed;
  for (const auto& p : info->parameters) {
    const std::string value = p.get(*design);
    if (value != p.default_value) changed.push_back(p.info.name + "=" + value);
  }
  return changed.empty() ? info->name : info->name + "(" + join(changed, ",") + ")";
}

DesignedNetwork design_network(std::string_view source) {
  const bool plain = source.find('(') == std::string_view::npos;
  if (plain) return {&find_network(source), find_network(source).design()};
  return as_usage([&] {
    const Spec spec = parse_spec(source);
    if (spec.terms.size() != 1) fail("network '", source, "': expected one, without '+'");
    const NetworkInfo& info = find_network(spec.terms[0].name);
    const auto design = info.design();
    set_arguments(*design, info.parameters, "[" + info.name + "]", spec.terms[0]);
    return DesignedNetwork{&info, design};
  });
}

}  // namespace nescio::nn
