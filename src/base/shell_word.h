// Words of a command line.
#pragma once

#include <string>

namespace nescio {

/// The word as a shell takes it again: as it is, or in single quotes.
std::string shell_word(std::string word);

}  // namespace nescio
