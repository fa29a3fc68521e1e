#include "base/numbers.h"

#include <cmath>
#include <cstdio>

namespace nescio {

std::string per_cent(double share, int decimals) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.*f", decimals, 100 * share);
  return buffer;
}

std::string signed_per_cent(double difference, int decimals) {
  const std::string number = per_cent(std::abs(difference), decimals);
  const bool zero = number.find_first_not_of("0.") == std::string::npos;
  return (zero ? "" : difference < 0 ? "-" : "+") + number;
}

std::string short_number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4g", value);
  return buffer;
}

std::string thousands(std::size_t count) {
  std::string out = std::to_string(count);
  for (auto at = static_cast<std::ptrdiff_t>(out.size()) - 3; at > 0; at -= 3) {
    out.insert(static_cast<std::size_t>(at), ",");
  }
  return out;
}

}  // namespace nescio
