// nescio describe knn
#include <ostream>

#include "cli/catalogues.h"
#include "cli/verb.h"
#include "io/json_file.h"

namespace nescio::cli::verbs {
namespace {

class Describe final : public Verb {
 public:
  std::string name;

  void run(Console& console) override {
    const auto found = find_descriptions(name);
    if (console.json) {
      auto all = nlohmann::ordered_json::array();
      for (const Description& d : found) all.push_back(to_json(d));
      console.out << io::json_text(all);
      return;
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      console.out << (i == 0 ? "" : "\n") << to_text(found[i]);
    }
  }
};

}  // namespace

VerbInfo describe() {
  return describe_verb<Describe>(
      {.name = "describe",
       .summary = "Say everything about a detector, model, method, data set, metric or verb.",
       .positional = "name",
       .examples = {"nescio describe knn", "nescio describe auroc --json"},
       .options = {option(&Describe::name,
                          {.name = "name",
                           .doc = "what to describe; `nescio list` knows the names",
                           .names = catalogue_names(),
                           .required = true})},
       .json = true});
}

}  // namespace nescio::cli::verbs
