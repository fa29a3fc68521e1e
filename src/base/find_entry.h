// Entries of a catalogue by their names.
#pragma once

#include <algorithm>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace nescio {

/// The names of entries that carry one, in their order.
template <std::ranges::input_range Entries>
std::vector<std::string> names_of(const Entries& entries) {
  std::vector<std::string> names;
  for (const auto& entry : entries) names.emplace_back(entry.name);
  return names;
}

/// The entry called `name`. Error: "unknown WHAT 'NAME'.", the nearest name and the list, in which
/// `further` names stand first that are no entries.
template <std::ranges::forward_range Entries>
const auto& find_entry(const Entries& entries, std::string_view name, std::string_view what,
                       const std::vector<std::string>& further = {}) {
  for (const auto& entry : entries) {
    if (entry.name == name) return entry;
  }
  std::vector<std::string> known = further;
  std::ranges::copy(names_of(entries), std::back_inserter(known));
  fail("unknown ", what, " '", name, "'.", suggest(name, known));
}

}  // namespace nescio
