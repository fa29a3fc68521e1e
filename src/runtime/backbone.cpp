#include "runtime/backbone.h"

#include <algorithm>

#include "base/error.h"

namespace nescio::runtime {

BackboneOutputs Backbone::forward(std::span<const float> images,
                                  const std::vector<std::string>& asked) const {
  std::vector<std::string> known = asked.empty() ? asked : taps();
  for (const std::string& name : asked.empty() ? asked : pooled_taps()) {
    known.push_back(pooled(name));
  }
  for (const std::string& name : asked) {
    if (std::ranges::find(known, name) != known.end()) continue;
    fail("the network has no tap '", name, "'.",
         known.empty() ? " It has none." : suggest(name, known));
  }
  return run(images, asked);
}

std::unique_ptr<TracedPass> Backbone::trace(std::span<const float>) const {
  fail("what runs this network gives no gradients; probes that move pictures need libtorch");
}

}  // namespace nescio::runtime
