#include "base/class_names.h"

#include <algorithm>

#include <map>
#include <set>

#include "base/error.h"

namespace nescio {
namespace {

constexpr std::size_t shown = 10;

/// Where each name stands; the names that stand twice go to `doubled`, too.
std::map<std::string_view, std::int64_t> numbers(const std::vector<std::string>& names,
                                                 std::set<std::string_view>& doubled) {
  std::map<std::string_view, std::int64_t> out;
  for (std::size_t c = 0; c < names.size(); ++c) {
    if (!out.emplace(names[c], static_cast<std::int64_t>(c)).second) doubled.insert(names[c]);
  }
  return out;
}

/// The first of some pieces, and how many there are besides.
std::string first_of(std::vector<std::string> pieces) {
  if (pieces.size() <= shown) return join(pieces);
  const std::size_t more = pieces.size() - shown;
  pieces.resize(shown);
  return text(join(pieces), " and ", more, " more");
}

}  // namespace

ClassMatch match_class_names(const std::vector<std::string>& expected,
                             const std::vector<std::string>& found, std::string_view where) {
  ClassMatch match;
  if (expected.empty() || found.empty()) return match;
  if (expected == found) {
    match.how = Classes::same;
    match.known = found;
    for (std::size_t c = 0; c < found.size(); ++c) {
      match.number_of.push_back(static_cast<std::int64_t>(c));
    }
    return match;
  }
  std::set<std::string_view> doubled;
  const auto there = numbers(expected, doubled);
  numbers(found, doubled);
  bool moved = false;
  for (std::size_t c = 0; c < found.size(); ++c) {
    const auto number = there.find(found[c]);
    const bool known = number != there.end();
    if (known && doubled.contains(found[c])) {
      fail(where, ": classes cannot be matched by name, since two are called '",
           printable(found[c]), "'; classes=NAME,NAME,... chooses and orders those of the data");
    }
    match.number_of.push_back(known ? number->second : -1);
    (known ? match.known : match.foreign).push_back(found[c]);
    moved |= known && number->second != static_cast<std::int64_t>(c);
  }
  if (match.known.empty()) {
    match.how = Classes::apart;
  } else if (!match.foreign.empty()) {
    match.how = Classes::overlapping;
  } else {
    match.how = moved ? Classes::within : Classes::same;
  }
  return match;
}

std::string first_numbers(const std::vector<std::size_t>& classes) {
  std::vector<std::string> pieces;
  for (const std::size_t c : classes) pieces.push_back(text(c));
  return first_of(std::move(pieces));
}

std::string first_names(const std::vector<std::string>& names) {
  std::vector<std::string> pieces;
  for (const std::string& name : names) pieces.push_back(text("'", printable(name), "'"));
  return first_of(std::move(pieces));
}

std::string renumbering(const std::vector<std::string>& found,
                        const std::vector<std::int64_t>& number_of) {
  std::vector<std::string> pieces;
  for (std::size_t c = 0; c < found.size(); ++c) {
    if (number_of[c] == static_cast<std::int64_t>(c)) continue;
    pieces.push_back(text(c, " '", printable(found[c]), "' becomes ", number_of[c]));
  }
  return first_of(std::move(pieces));
}

}  // namespace nescio
