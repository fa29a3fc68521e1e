// Numbers as people read them, on a terminal, in Markdown and on a page. Files for programs have all
// digits: format_number().
#pragma once

#include <cstddef>
#include <string>

namespace nescio {

/// 0.8812 -> "88.12"
std::string per_cent(double share, int decimals = 2);
/// 0.016 -> "+1.60", -0.003 -> "-0.30"
std::string signed_per_cent(double difference, int decimals = 2);
/// Four digits: -8.58853 -> "-8.589".
std::string short_number(double value);
/// 50000 -> "50,000"
std::string thousands(std::size_t count);

}  // namespace nescio
