// What an exception of anybody says to people.
#pragma once

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>

namespace nescio {

/// Its message without the trace of calls that libtorch puts behind its own.
inline std::string exception_text(const std::exception& e) {
  const std::string_view all = e.what();
  std::size_t end = all.size();
  for (const std::string_view trace : {"frame #0: ", "Exception raised from "}) {
    end = std::min(end, all.find(trace));
  }
  while (end > 0 && (all[end - 1] == '\n' || all[end - 1] == ' ')) --end;
  return std::string(all.substr(0, end));
}

}  // namespace nescio
