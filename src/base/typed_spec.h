// What names a file with its type and options: "cifar10:DIR?split=test", "resnet20:FILE?size=32".
#pragma once

#include <string>
#include <string_view>

namespace nescio {

/// The parts of "TYPE:PATH?key=value&..."; those that are missing are empty. A type may have arguments
/// of its own, "wrn_40_4(dropout=0)".
struct TypedSpec {
  std::string_view type, path, options;
};

/// The type ends at the first ':' outside parentheses. A path may hold '?' itself: the longest beginning of what follows
/// that exists (with "#member" behind it or not) is the path; where none does, the options begin at
/// the last '?'.
TypedSpec split_typed_spec(std::string_view spec);

/// The same for text without a type, "PATH?key=value&...".
TypedSpec split_path(std::string_view path_and_options);

/// Whether the options of "TYPE:PATH?..." give this key.
bool has_option(std::string_view spec, std::string_view key);

/// "TYPE:PATH?..." with "key=value" behind its options; the value as option_value() is to give it.
std::string with_option(std::string_view spec, std::string_view key, std::string_view value);

/// The value that stands as `written` among options: %26 is '&', and so is any byte by two digits of
/// base 16, as in a URL. A '%' before something else stands for itself.
std::string option_value(std::string_view written);
/// How a value is written so that it ends neither early nor other options: with '&', and '%' and
/// brackets where they would be taken for something else, as %26.
std::string written_option(std::string_view value);

/// Whether something lies at this path.
bool path_exists(std::string_view path);

}  // namespace nescio
