#include <algorithm>

#include "cli/inspection.h"
#include "evaluation/protocol.h"

namespace nescio::cli {

Facts protocol_facts(const std::filesystem::path& file, const std::string& split) {
  // The folder of the data sets stays the word that stands for it.
  const evaluation::Protocol protocol =
      evaluation::read_protocol(file, {.root = "{root}", .split = split});
  const evaluation::Roles& roles = protocol.roles;
  Facts facts = {{"kind", "protocol"},
                 {"path", file.string()},
                 {"name", protocol.name},
                 {"summary", protocol.summary},
                 {"preprocessing", protocol.preprocessing},
                 {"sets_without_a_role", protocol.unused}};
  const auto add = [&](const char* role, const std::vector<std::string>& sets) {
    for (const std::string& name : sets) {
      const auto set = std::ranges::find(protocol.sets, name, &evaluation::ProtocolSet::name);
      if (set == protocol.sets.end()) continue;  // a role that nothing plays
      facts["roles"].push_back({{"role", role},
                                {"set", name},
                                {"rows", set->rows ? Facts(*set->rows) : Facts()},
                                {"data", set->data}});
    }
  };
  add("train", {roles.train});
  add("val", {roles.val});
  add("id", {roles.id});
  add("shifted", roles.shifted);
  add("near", roles.near);
  add("far", roles.far);
  add("ood_val", roles.ood_val);
  return facts;
}

}  // namespace nescio::cli
