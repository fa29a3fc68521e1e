// The version that files record and `nescio --version` prints.
#pragma once

#include <string_view>

namespace nescio {

/// "0.1.0"
std::string_view version();

}  // namespace nescio
