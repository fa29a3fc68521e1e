#include "detectors/combinator.h"

#include <algorithm>

namespace nescio::detectors {

std::vector<Spec> take_members(Term& term) {
  std::vector<Spec> members;
  std::erase_if(term.arguments, [&](const Argument& argument) {
    if (argument.key.empty()) members.push_back(argument.spec.front());
    return argument.key.empty();
  });
  return members;
}

void Combinator::fit(const Inputs& in, const FitData& data) {
  for (Chain& member : members) {
    member.fit(in, data);
    for (std::string& notice : member.notices()) notices.push_back(std::move(notice));
  }
}

Needs Combinator::needs() const {
  Needs all = described_needs;
  for (const Chain& member : members) all = all + member.needs();
  return all;
}

std::vector<std::string> Combinator::fits_on() const {
  std::vector<std::string> roles = Stage::fits_on();
  for (const Chain& member : members) {
    for (const std::string& role : member.fits_on()) {
      if (std::ranges::find(roles, role) == roles.end()) roles.push_back(role);
    }
  }
  return roles;
}

void Combinator::check() const {
  if (members.size() >= 2) return;
  fail("expected at least 2 detectors in the parentheses, as in mean(knn(k=5),vim), found ",
       members.size());
}

Expr Combinator::scores(const Inputs& in) const {
  std::vector<Expr> columns;
  for (const Chain& member : members) columns.push_back(member.score(in));
  return concat(columns);
}

}  // namespace nescio::detectors
