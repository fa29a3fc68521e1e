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

std::unique_ptr<TracedPass> Backbone::trace(std::span<const float>,
                                            const std::vector<std::string>&) const {
  fail("what runs this network gives no gradients; probes that move pictures need libtorch");
}

BackboneOutputs Backbone::forward_from(const std::string& tap, const Array&) const {
  fail("what runs this network cannot begin at ", tap,
       "; probes that change what lies there need libtorch");
}

std::unique_ptr<TracedPass> Backbone::trace_from(const std::string& tap, const Array&) const {
  fail("what runs this network gives no gradients by ", tap,
       "; probes that ask for them need libtorch");
}

Array Backbone::forward_dropping(std::span<const float>, std::span<const std::uint64_t>) const {
  fail(
      "this network drops nothing out: mc_dropout needs one with dropout, run by libtorch, such as "
      "wrn_40_4(dropout=0.3):FILE");
}

}  // namespace nescio::runtime
