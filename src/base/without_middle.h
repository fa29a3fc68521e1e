// Sentences that may quote anything.
#pragma once

#include <string>
#include <string_view>

namespace nescio {

/// The text; of one with more than `longest` bytes, beginning and end with " ... " between them.
std::string without_middle(std::string_view s, std::size_t longest);

}  // namespace nescio
