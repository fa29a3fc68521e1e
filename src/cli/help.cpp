// nescio help fit
#include <algorithm>
#include <ostream>

#include "cli/catalogues.h"
#include "cli/help_text.h"
#include "cli/network_verbs.h"
#include "cli/verb.h"

namespace nescio::cli::verbs {
namespace {

class Help final : public Verb {
 public:
  std::string name;

  void run(Console& console) override {
    if (name.empty()) {
      console.out << program_help();
      return;
    }
    const auto& all = catalogue();
    const auto verb = std::ranges::find(all, name, &VerbInfo::name);
    if (verb != all.end()) {
      console.out << verb_help(in_full(*verb));
      return;
    }
    for (const Description& description : find_descriptions(name)) {
      console.out << to_text(description);
    }
  }
};

}  // namespace

VerbInfo help() {
  return describe_verb<Help>(
      {.name = "help",
       .summary = "Say how the program or a verb is used, or what any other name means.",
       .positional = "name",
       .details = {"`nescio help VERB` is `nescio VERB --help`; any other name is described."},
       .examples = {"nescio help", "nescio help fit", "nescio help knn"},
       .options = {option(&Help::name, {.name = "name",
                                        .doc = "a verb, or what `nescio list` knows",
                                        .names = catalogue_names()})}});
}

}  // namespace nescio::cli::verbs
