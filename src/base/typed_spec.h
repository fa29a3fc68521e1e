// What names a file with its type and options: "cifar10:DIR?split=test", "resnet20:FILE?size=32".
#pragma once

#include <string>
#include <string_view>

namespace nescio {

/// The parts of "TYPE:PATH?key=value&..."; those that are missing are empty.
struct TypedSpec {
  std::string_view type, path, options;
};

/// The type ends at the first ':'. A path may hold '?' itself: the longest beginning of what follows
/// that exists (with "#member" behind it or not) is the path; where none does, the options begin at
/// the last '?'.
TypedSpec split_typed_spec(std::string_view spec);

/// The same for text without a type, "PATH?key=value&...".
TypedSpec split_path(std::string_view path_and_options);

/// Whether the options of "TYPE:PATH?..." give this key.
bool has_option(std::string_view spec, std::string_view key);

/// "TYPE:PATH?..." with "key=value" behind its options.
std::string with_option(std::string_view spec, std::string_view option);

/// Whether something lies at this path.
bool path_exists(std::string_view path);

}  // namespace nescio
