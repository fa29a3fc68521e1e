#include "cli/network_verbs.h"

#include <algorithm>

#include "base/error.h"
#include "cli/network_part.h"

namespace nescio::cli {
namespace {

class NeedsNetworkPart final : public Verb {
 public:
  void run(Console&) override { needed_network_part(); }
};

VerbInfo stand_in(const std::string& name) {
  VerbInfo info = describe_verb<NeedsNetworkPart>(
      {.name = name, .summary = network_verb_summary(name), .stand_in = true});
  if (!has_network_part()) info.summary += " (Not in this build: it has no libtorch.)";
  return info;
}

}  // namespace

// A new verb of cli_torch/ gets its summary here, and an entry below and in CMakeLists.txt.
std::string network_verb_summary(std::string_view name) {
  if (name == "atypical") return "Rank training pictures by how soon a network loses them.";
  if (name == "forget-threshold") {
    return "Estimate the loss at which Unleashing Mask has a network forget.";
  }
  if (name == "trace") return "Follow OOD detection over the checkpoints of a training run.";
  if (name == "train") return "Train a network on a data set.";
  fail("no verb that runs a network is called '", name, "'");
}

namespace verbs {
VerbInfo atypical() { return stand_in("atypical"); }
VerbInfo forget_threshold() { return stand_in("forget-threshold"); }
VerbInfo trace() { return stand_in("trace"); }
VerbInfo train() { return stand_in("train"); }
}  // namespace verbs

const VerbInfo& in_full(const VerbInfo& entry) {
  if (!entry.stand_in) return entry;
  const NetworkPart* part = network_part();
  if (part == nullptr) return entry;
  return *std::ranges::find(part->verbs(), entry.name, &VerbInfo::name);
}

}  // namespace nescio::cli
