#include "base/shell_word.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace nescio {

std::string shell_word(std::string word) {
  const bool plain = !word.empty() && std::ranges::all_of(word, [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("-_=./,:+@%").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return word;
  for (std::size_t at = 0; (at = word.find('\'', at)) != std::string::npos; at += 4) {
    word.replace(at, 1, "'\\''");
  }
  word.insert(0, 1, '\'').push_back('\'');
  return word;
}

}  // namespace nescio
