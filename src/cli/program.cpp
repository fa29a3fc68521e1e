#include "cli/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <new>

#include "base/exception_text.h"
#include "base/interrupt.h"
#include "base/without_middle.h"
#include "cli/command.h"
#include "cli/help_text.h"
#include "cli/printable_stream.h"
#include "cli/progress_bar.h"
#include "cli/verb.h"
#include "cli/versions.h"

namespace nescio::cli {
namespace {

constexpr std::size_t longest_sentence = 4000;  // on standard error, whatever it quotes

int parse_and_run(int argc, const char* const* argv) {
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

  int status = 0;
  const auto chosen = app.get_subcommands();
  const VerbInfo* info = chosen.empty() ? nullptr : &find_verb(chosen.front()->get_name());
  const auto rest = app.remaining();
  if (version) {
    write_versions(std::cout, std::cerr, json);
  } else if (help) {
    std::cout << (info ? verb_help(*info) : program_help());
  } else if (info) {
    ProgressBar bar;
    PrintableStream out(std::cout), log(std::cerr, longest_sentence);
    Console console{out, log, bar.progress(),
                    command_line(std::vector<std::string>(argv + 1, argv + argc)), json};
    run_verb(*info, chosen.front()->remaining(), console);
    status = console.status;
  } else if (rest.empty()) {
    std::cout << program_help();
  } else {
    find_verb(rest.front());
  }
  std::cout.flush();
  if (!std::cout) fail("standard output cannot be written (disk full?)");
  return status;
}

int report_problem(std::string message, int code) {
  std::ranges::replace(message, '\n', ' ');
  std::cerr << "nescio: " << printable(without_middle(message, longest_sentence)) << std::endl;
  return code;
}

}  // namespace

int run_program(int argc, const char* const* argv) noexcept try {
  try {
    return parse_and_run(argc, argv);
  } catch (const Interrupted& e) {
    return report_problem(e.what(), 130);
  } catch (const UsageError& e) {
    return report_problem(e.what(), 2);
  } catch (const std::bad_alloc&) {
    return report_problem("out of memory", 1);
  } catch (const std::exception& e) {
    return report_problem(exception_text(e), 1);
  }
} catch (...) {
  return 1;
}

}  // namespace nescio::cli
