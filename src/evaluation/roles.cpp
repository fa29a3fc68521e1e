#include "evaluation/roles.h"

#include <map>

#include "base/error.h"

namespace nescio {

std::vector<std::pair<std::string, std::string>> scored_splits(const Roles& roles) {
  std::vector<std::pair<std::string, std::string>> out = {{roles.id, "id"}};
  for (const std::string& split : roles.near) out.emplace_back(split, "near");
  for (const std::string& split : roles.far) out.emplace_back(split, "far");
  return out;
}

void check_roles(const Roles& roles, const FeatureBank& bank) {
  if (roles.near.empty() && roles.far.empty()) {
    fail("an evaluation needs OOD splits: name some with near= or far=");
  }
  const auto check = [&](const std::string& split, const std::string& role) {
    try {
      if (bank.rows(split) == 0) fail(split, " has no rows");
    } catch (const Error& e) {
      fail(role, ": ", e.what());
    }
  };
  std::map<std::string, std::string> role_of;
  for (const auto& [split, role] : scored_splits(roles)) {
    check(split, role);
    const auto [known, is_new] = role_of.emplace(split, role);
    if (!is_new) {
      fail(split, " is named as ", known->second, " and as ", role, "; a split has one role");
    }
  }
  for (const auto& [split, role] : {std::pair(roles.train, "train"), std::pair(roles.val, "val")}) {
    if (split.empty()) continue;
    check(split, role);
    const auto known = role_of.find(split);
    if (known == role_of.end()) continue;
    if (known->second == "id" && std::string_view(role) == "val") continue;
    fail(split, " is named as ", role, " and as ", known->second,
         "; scores of rows that were fitted on say nothing about new ones");
  }
}

}  // namespace nescio
