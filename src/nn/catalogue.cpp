#include "base/usage.h"
#include "nn/model.h"

namespace nescio::nn {

const NetworkInfo& find_network(std::string_view name) {
  std::vector<std::string> names;
  for (const NetworkInfo& info : networks::catalogue()) {
    if (info.name == name) return info;
    names.push_back(info.name);
  }
  fail_usage("unknown network '", name, "'.", suggest(name, names));
}

}  // namespace nescio::nn
