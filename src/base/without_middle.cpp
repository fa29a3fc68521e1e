#include "base/without_middle.h"

#include "base/text.h"

namespace nescio {

std::string without_middle(std::string_view s, std::size_t longest) {
  if (s.size() <= longest) return std::string(s);
  const auto continues = [&](std::size_t at) {
    return at < s.size() && (static_cast<unsigned char>(s[at]) & 0xc0) == 0x80;
  };
  std::size_t end = longest * 3 / 4, begin = s.size() - longest / 4;
  while (end > 0 && continues(end)) --end;
  while (continues(begin)) ++begin;
  return text(s.substr(0, end), " ... ", s.substr(begin));
}

}  // namespace nescio
