#include "nn/depth.h"

#include <algorithm>

#include <torch/nn/modules/container/modulelist.h>

namespace nescio::nn {
namespace {

namespace tn = torch::nn;

bool has_kernel(const tn::Module& module) {
  return std::ranges::any_of(module.parameters(), [](const auto& p) { return p.dim() > 1; });
}

/// Whether its children are layers, rather than parts of one.
bool is_list(const tn::Module& module) {
  return module.as<tn::SequentialImpl>() || module.as<tn::ModuleListImpl>() ||
         (module.children().size() == 1 && module.parameters(/*recurse=*/false).empty());
}

struct Walk {
  std::map<std::string, std::int64_t> depths = {};
  std::int64_t layer = -1;  // the deepest so far

  void note(const tn::Module& module, const std::string& prefix, bool recurse) {
    for (const auto& item : module.named_parameters(recurse)) {
      depths.emplace(prefix + item.key(), std::max<std::int64_t>(layer, 0));
    }
  }

  void descend(const tn::Module& module, const std::string& prefix) {
    note(module, prefix, false);
    for (const auto& child : module.named_children()) {
      const std::string name = prefix + child.key() + ".";
      if (is_list(*child.value())) {
        descend(*child.value(), name);
      } else {
        if (has_kernel(*child.value())) ++layer;
        note(*child.value(), name, true);
      }
    }
  }
};

}  // namespace

std::map<std::string, std::int64_t> depths_of(const tn::Module& network) {
  Walk walk;
  walk.descend(network, "");
  return walk.depths;
}

}  // namespace nescio::nn
