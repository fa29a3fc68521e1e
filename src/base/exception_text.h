// What an exception of anybody says to people.
#pragma once

#include <algorithm>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>

namespace nescio {

/// Its message without the trace of calls that libtorch puts behind its own; of the file system, as our own sentences are: the
/// path, and what is wrong with it.
inline std::string exception_text(const std::exception& e) {
  if (const auto* of_path = dynamic_cast<const std::filesystem::filesystem_error*>(&e)) {
    return of_path->path1().string() + ": " + of_path->code().message();
  }
  const std::string_view all = e.what();
  std::size_t end = all.size();
  for (const std::string_view trace : {"frame #0: ", "Exception raised from "}) {
    end = std::min(end, all.find(trace));
  }
  while (end > 0 && (all[end - 1] == '\n' || all[end - 1] == ' ')) --end;
  return std::string(all.substr(0, end));
}

}  // namespace nescio
