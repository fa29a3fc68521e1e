// Stands in for the verbs that run a network where libtorch is absent: they exist, and say why
// they cannot work. A new verb of cli_torch/ gets its line here and in CMakeLists.txt.
#include "cli/network_part.h"
#include "cli/verb.h"

namespace nescio {
namespace {

[[noreturn]] void refuse() {
  fail(
      "this build has no libtorch; build with it (tools/setup, then the preset `release`) to "
      "run networks, or bring features made elsewhere with `nescio import`");
}

class NeedsLibtorch final : public Verb {
 public:
  void run(Console&) override { refuse(); }
};

VerbInfo needs_libtorch(std::string name, const std::string& summary) {
  VerbInfo info = describe_verb<NeedsLibtorch>({.name = std::move(name), .summary = summary});
  info.summary += " (not in this build: it has no libtorch)";
  info.any_arguments = true;
  return info;
}

}  // namespace

std::string libtorch_version() { return "no libtorch"; }
std::optional<std::vector<Description>> describe_networks() { return std::nullopt; }
std::unique_ptr<Backbone> load_backbone(const std::string&, const std::string&) { refuse(); }
std::optional<std::vector<Description>> describe_methods() { return std::nullopt; }
std::optional<std::vector<Description>> describe_probes() { return std::nullopt; }

namespace verbs {
VerbInfo extract() {
  return needs_libtorch("extract", "Run a network over a data set into a bank");
}
VerbInfo train() { return needs_libtorch("train", "Train a network on a data set"); }
}  // namespace verbs
}  // namespace nescio
