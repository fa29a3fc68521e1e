#include "cli/network_part.h"

#include "base/text.h"
#include "nn/model.h"

namespace nescio {
namespace {

Description describe(const NetworkInfo& info) {
  const Preprocessing& p = info.preprocessing;
  Description d{"model", info.name, info.summary};
  d.fact("usage", info.name + ":PATH");
  d.fact("paper", info.paper);
  d.fact("weights", info.weights);
  d.fact("classes", text(info.classes, ", or as many as the weights have"));
  d.fact("input", text(p.height, " x ", p.width, " ", p.channels, " / 255, resized ", p.resize,
                       ", mean ", format_number(p.mean[0]), " ", format_number(p.mean[1]), " ",
                       format_number(p.mean[2]), ", std ", format_number(p.std[0]), " ",
                       format_number(p.std[1]), " ", format_number(p.std[2])));
  return d;
}

}  // namespace

std::string libtorch_version() { return torch_version(); }

std::optional<std::vector<Description>> describe_networks() {
  std::vector<Description> descriptions;
  for (const NetworkInfo& info : networks::catalogue()) descriptions.push_back(describe(info));
  return descriptions;
}

}  // namespace nescio
