#include "bank/split_classes.h"

#include "base/class_names.h"
#include "base/error.h"

namespace nescio::bank {
namespace {

struct Named {
  std::string split;  // empty: none of them names its classes
  std::vector<std::string> classes;
};

Named first_named(const BankViews& bank, const std::vector<std::string>& splits) {
  for (const std::string& split : splits) {
    if (split.empty()) continue;
    auto classes = bank.at(split).class_names;
    if (!classes.empty()) return {split, std::move(classes)};
  }
  return {};
}

}  // namespace

void check_split_classes(const BankViews& bank, const std::vector<std::string>& splits) {
  const Named known = first_named(bank, splits);
  for (const std::string& split : splits) {
    if (split.empty() || split == known.split) continue;
    const auto found = bank.at(split).class_names;
    const ClassMatch match = match_class_names(known.classes, found, split);
    if (match.how == Classes::unknown || match.how == Classes::same) continue;
    std::size_t other = 0;
    while (match.number_of[other] == static_cast<std::int64_t>(other)) ++other;
    const std::string theirs = other < known.classes.size() ? known.classes[other] : "no class";
    fail(split, ": label ", other, " is '", printable(found[other]), "' here and '",
         printable(theirs), "' in ", known.split,
         "; extract one of them again: labels are matched by name where the weights name their "
         "classes, or with class_names=",
         known.split);
  }
}

Notices shared_classes(const BankViews& bank, const std::vector<std::string>& splits,
                       const std::vector<std::string>& ood) {
  const Named known = first_named(bank, splits);
  Notices out;
  for (const std::string& split : ood) {
    const ClassMatch match = match_class_names(known.classes, bank.at(split).class_names, split);
    if (match.how != Classes::overlapping) continue;
    out.push_back(text(split, ": ", first_names(match.known),
                       match.known.size() == 1 ? " is a class" : " are classes", " of ",
                       known.split, " too, so not all of it may be OOD"));
  }
  return out;
}

}  // namespace nescio::bank
