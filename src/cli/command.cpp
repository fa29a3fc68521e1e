#include "cli/command.h"

#include "base/find_entry.h"
#include "base/shell_word.h"
#include "base/threads.h"
#include "base/usage.h"
#include "cli/network_verbs.h"

namespace nescio::cli {
const VerbInfo& find_verb(std::string_view name) {
  return in_full(as_usage([&]() -> auto& { return find_entry(verbs::catalogue(), name, "verb"); }));
}

std::string command_line(const std::vector<std::string>& words) {
  std::string line = "nescio";
  for (const std::string& word : words) line += " " + shell_word(word);
  return line;
}

void run_verb(const VerbInfo& info, const std::vector<std::string>& arguments, Console& console) {
  if (console.json && !info.json) {
    throw UsageError(text(info.name, ": has no --json; its output is made for people and files"));
  }
  const auto verb = parse_options(info, arguments);
  if (verb->threads) set_thread_count(static_cast<int>(*verb->threads));
  for (const std::string& notice : verb->notices) console.warn(notice);
  verb->run(console);
}

}  // namespace nescio::cli
