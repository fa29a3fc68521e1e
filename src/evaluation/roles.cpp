#include "evaluation/roles.h"

#include <map>

#include "bank/split_classes.h"
#include "base/error.h"
#include "base/within.h"

namespace nescio::evaluation {

namespace {

// train, val and ood_val, as far as they are named.
std::vector<std::pair<std::string, std::string>> fitted_splits(const Roles& roles) {
  std::vector<std::pair<std::string, std::string>> out;
  if (!roles.train.empty()) out.emplace_back(roles.train, "train");
  if (!roles.val.empty()) out.emplace_back(roles.val, "val");
  for (const std::string& split : roles.ood_val) out.emplace_back(split, "ood_val");
  return out;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> scored_splits(const Roles& roles) {
  std::vector<std::pair<std::string, std::string>> out = {{roles.id, "id"}};
  for (const std::string& split : roles.shifted) out.emplace_back(split, "shifted");
  for (const std::string& split : roles.near) out.emplace_back(split, "near");
  for (const std::string& split : roles.far) out.emplace_back(split, "far");
  return out;
}

void check_roles(const Roles& roles) {
  if (roles.id.empty()) fail("an evaluation needs the in-distribution split: name it with id=");
  if (roles.near.empty() && roles.far.empty()) {
    fail("an evaluation needs OOD splits: name some with near= or far=");
  }
  std::map<std::string, std::string> role_of;
  for (const auto& [split, role] : scored_splits(roles)) {
    const auto [known, is_new] = role_of.emplace(split, role);
    if (is_new) continue;
    if (known->second == role) fail(split, " is named twice as ", role);
    fail(split, " is named as ", known->second, " and as ", role, "; a split has one role");
  }
  std::map<std::string, std::string> fitted_role_of;
  for (const auto& [split, role] : fitted_splits(roles)) {
    const auto [fitted, is_first] = fitted_role_of.emplace(split, role);
    if (!is_first && role == "ood_val") {
      if (fitted->second == role) fail(split, " is named twice as ", role);
      fail(split, " is named as ", fitted->second,
           " and as ood_val; OOD rows are of no class that "
           "the network knows");
    }
    const auto known = role_of.find(split);
    if (known == role_of.end()) continue;
    if (known->second == "id" && role == "val") continue;
    fail(split, " is named as ", role, " and as ", known->second,
         "; scores of rows that were fitted on say nothing about new ones");
  }
}

void check_roles(const Roles& roles, const bank::BankViews& bank) {
  check_roles(roles);
  auto splits = scored_splits(roles);
  for (auto& fitted : fitted_splits(roles)) splits.push_back(std::move(fitted));
  for (const auto& split : splits) {
    within(split.second + ": ", [&] {
      if (bank.at(split.first).rows == 0) fail(split.first, " has no rows");
    });
  }
  std::vector<std::string> known = {roles.train, roles.val, roles.id};
  known.insert(known.end(), roles.shifted.begin(), roles.shifted.end());
  bank::check_split_classes(bank, known);
}

Evaluated full_spectrum(const bank::BankViews& bank, const Roles& roles) {
  if (roles.shifted.empty()) return {bank, roles};
  check_roles(roles, bank);
  std::vector<std::string> names = {roles.id};
  names.insert(names.end(), roles.shifted.begin(), roles.shifted.end());
  std::vector<bank::BankView> parts;
  for (const std::string& name : names) parts.push_back(bank.at(name));
  Roles pooled = roles;
  pooled.id = join(names, "+");
  pooled.shifted.clear();
  return {bank.with(bank::one_after_another(pooled.id, parts)), pooled};
}

}  // namespace nescio::evaluation
