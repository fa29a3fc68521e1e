#include "nn/adapters.h"

#include <algorithm>

namespace nescio::nn {

decltype(Adapter::read) renaming(std::vector<Renaming> rules) {
  return [rules = std::move(rules)](const Tensors& file,
                                    const ExpectedTensors&) -> std::optional<Tensors> {
    Tensors out;
    for (const auto& item : file) {
      const std::string& name = item.first;
      const auto rule =
          std::ranges::find_if(rules, [&](const Renaming& r) { return name.starts_with(r.from); });
      if (rule == rules.end()) return std::nullopt;
      out.emplace(rule->to + name.substr(rule->from.size()), item.second);
    }
    return out;
  };
}

}  // namespace nescio::nn
