#include "cli/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <new>

#include "base/interrupt.h"
#include "base/threads.h"
#include "cli/help.h"
#include "cli/progress_bar.h"
#include "cli/verb.h"
#include "cli/versions.h"

namespace nescio {
namespace {

// The command line as a shell would take it again.
std::string quoted(int argc, const char* const* argv) {
  std::vector<std::string> words = {"nescio"};
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    const bool plain = !word.empty() && std::ranges::all_of(word, [](unsigned char c) {
      return std::isalnum(c) ||
             std::string_view("-_=./,:+@%").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (!plain) {
      for (std::size_t at = 0; (at = word.find('\'', at)) != std::string::npos; at += 4) {
        word.replace(at, 1, "'\\''");
      }
      word.insert(0, 1, '\'').push_back('\'');
    }
    words.push_back(word);
  }
  return join(words, " ");
}

const VerbInfo* find_verb(const std::string& name) {
  for (const VerbInfo& info : verbs::catalogue()) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

void run_verb(const VerbInfo& info, const std::vector<std::string>& arguments, Console& console) {
  if (console.json && !info.json) {
    throw UsageError(text(info.name, ": has no --json; its output is made for people and files"));
  }
  const auto verb = parse_options(info, arguments);
  if (verb->threads) set_thread_count(static_cast<int>(*verb->threads));
  verb->run(console);
}

void parse_and_run(int argc, const char* const* argv) {
  CLI::App app(std::string(program_summary()), "nescio");
  bool json = false;
  bool version = false;
  app.add_flag("--json", json);
  app.add_flag("--version", version);
  app.allow_extras();
  app.require_subcommand(0, 1);
  for (const VerbInfo& info : verbs::catalogue()) {
    CLI::App* verb = app.add_subcommand(info.name);
    verb->add_flag("--json", json);
    verb->allow_extras();
  }
  bool help = false;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    help = true;
  } catch (const CLI::ParseError& e) {
    throw UsageError(e.what());
  }

  const auto chosen = app.get_subcommands();
  const VerbInfo* info = chosen.empty() ? nullptr : find_verb(chosen.front()->get_name());
  const auto rest = app.remaining();
  if (version) {
    write_versions(std::cout, std::cerr, json);
  } else if (help) {
    std::cout << (info ? verb_help(*info) : program_help());
  } else if (info) {
    ProgressBar bar;
    Console console{std::cout, std::cerr, bar.progress(), quoted(argc, argv), json};
    run_verb(*info, chosen.front()->remaining(), console);
  } else if (rest.empty()) {
    std::cout << program_help();
  } else {
    std::vector<std::string> names;
    for (const VerbInfo& verb : verbs::catalogue()) names.push_back(verb.name);
    throw UsageError(text("unknown verb '", rest.front(), "'.", suggest(rest.front(), names)));
  }
  std::cout.flush();
  if (!std::cout) fail("standard output cannot be written (disk full?)");
}

int report(std::string message, int code) {
  std::ranges::replace(message, '\n', ' ');
  std::cerr << "nescio: " << message << std::endl;
  return code;
}

}  // namespace

int run_program(int argc, const char* const* argv) noexcept try {
  try {
    parse_and_run(argc, argv);
    return 0;
  } catch (const Interrupted& e) {
    return report(e.what(), 130);
  } catch (const UsageError& e) {
    return report(e.what(), 2);
  } catch (const std::bad_alloc&) {
    return report("out of memory", 1);
  } catch (const std::exception& e) {
    return report(e.what(), 1);
  }
} catch (...) {
  return 1;
}

}  // namespace nescio
