// nescio list detectors
// nescio list detectors page=detectors.md
#include <ostream>

#include "cli/catalogues.h"
#include "cli/verb.h"
#include "io/file.h"
#include "io/json_file.h"
#include "report/table.h"

namespace nescio::cli::verbs {
namespace {

class List final : public Verb {
 public:
  std::string catalogue, page;

  void run(Console& console) override {
    const auto entries = read_catalogue(catalogue);
    if (!page.empty()) {
      io::write_text(page, catalogue_page(catalogue, entries));
      console.log << "the page is " << page << '\n';
    }
    if (console.json) {
      auto all = nlohmann::ordered_json::array();
      for (const Description& d : entries) all.push_back(to_json(d));
      console.out << io::json_text(all);
      return;
    }
    report::TextTable table{.columns = {{"name"}, {"kind"}}};
    const auto further = entries.empty() ? Description().columns : entries.front().columns;
    for (const auto& [name, cell] : further) table.columns.push_back({name});
    table.columns.push_back({"summary"});
    for (const Description& d : entries) {
      std::vector<std::string> row = {d.name, d.kind};
      for (const auto& [name, cell] : d.columns) row.push_back(cell);
      row.push_back(d.summary);
      table.rows.push_back(std::move(row));
    }
    console.out << report::to_text(table);
  }
};

}  // namespace

VerbInfo list() {
  return describe_verb<List>(
      {.name = "list",
       .summary = "List what this program knows: detectors, models, methods, data sets ...",
       .positional = "catalogue",
       .examples = {"nescio list detectors", "nescio list metrics --json",
                    "nescio list methods page=methods.md"},
       .options = {option(&List::catalogue, {.name = "catalogue",
                                             .doc = "which list",
                                             .choices = catalogue_names(),
                                             .required = true}),
                   option(&List::page, {.name = "page",
                                        .doc = "Markdown file that a page is written to, with "
                                               "everything that `describe` says of each"})},
       .json = true});
}

}  // namespace nescio::cli::verbs
