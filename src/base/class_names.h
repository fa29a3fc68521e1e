// Classes of two sides matched by what they are called.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nescio {

/// How the classes of some data stand to those of a network or of other data.
enum class Classes {
  unknown,      // one side has no names
  same,         // every label means the same on both sides
  within,       // all of the data's are among the others, under other numbers
  overlapping,  // some of them are
  apart,        // none of them is
};

struct ClassMatch {
  Classes how = Classes::unknown;
  /// For each class of the data its number on the other side; -1 where it is not there.
  std::vector<std::int64_t> number_of = {};
  /// Classes of the data that the other side has, and that it has not.
  std::vector<std::string> known = {}, foreign = {};
};

/// Matches the names `found` in some data with those `expected`, both by label. O(C log C).
/// Error, beginning with `where`, if a name that stands twice leaves no one way to match them.
ClassMatch match_class_names(const std::vector<std::string>& expected,
                             const std::vector<std::string>& found, std::string_view where);

/// "'a', 'b', 'c' and 7 more": ten at most.
std::string first_names(const std::vector<std::string>& names);
/// "0, 3, 7 and 8 more": ten at most.
std::string first_numbers(const std::vector<std::size_t>& classes);

/// "0 'bee' becomes 1, 1 'cow' becomes 2 and 8 more": what a match of Classes::within renumbers.
std::string renumbering(const std::vector<std::string>& found,
                        const std::vector<std::int64_t>& number_of);

}  // namespace nescio
