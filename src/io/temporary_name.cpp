#include "io/temporary_name.h"

#include "base/text.h"

namespace nescio::io {
namespace {

constexpr std::string_view ending = ".tmp";

}  // namespace

std::string temporary_name(std::string_view file, std::uint64_t number) {
  return text(file, ".", number, ending);
}

std::optional<std::string_view> file_of_temporary(std::string_view name) {
  if (!name.ends_with(ending)) return {};
  name.remove_suffix(ending.size());
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size()) return {};
  // Earlier versions wrote PROCESS-COUNT as the number.
  if (name.find_first_not_of("0123456789-", dot + 1) != std::string_view::npos) return {};
  return name.substr(0, dot);
}

}  // namespace nescio::io
