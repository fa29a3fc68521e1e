// What a file is called until it is whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nescio::io {

/// FILE.NUMBER.tmp.
std::string temporary_name(std::string_view file, std::uint64_t number);
/// The FILE of such a name; none for any other. A kill leaves such files.
std::optional<std::string_view> file_of_temporary(std::string_view name);

}  // namespace nescio::io
