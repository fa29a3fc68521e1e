#include "detectors/grid.h"

#include <algorithm>

#include "base/error.h"
#include "base/spec.h"

namespace nescio::detectors {
namespace {

// What a term does not give, as lists of the usual values; a single one leaves nothing to choose.
void add_usual_values(Term& term) {
  for (const auto& p : find(term.name).parameters) {
    const bool given = std::ranges::count(term.arguments, p.info.name, &Argument::key) > 0;
    if (given || p.info.sweep.size() < 2) continue;
    term.arguments.push_back(
        {.key = p.info.name, .values = p.info.sweep, .sweep = true, .spec = {}});
  }
}

}  // namespace

Grid without_choice(const std::string& spec) {
  return {.asked = spec, .settings = {}, .left_out = {}, .defaults = spec};
}

Grid grid_of(const std::string& source) {
  Spec spec = parse_spec(source);
  Grid grid{.asked = print(spec), .settings = {}, .left_out = {}, .defaults = {}};
  const bool lists = print(expand(spec).front()) != grid.asked;
  if (!lists) {
    grid.defaults = Chain(source).spec();
    for (Term& term : spec.terms) add_usual_values(term);
    if (print(spec) == grid.asked) return grid;
  }
  for (const Spec& setting : expand(spec)) {
    const std::string printed = print(setting);
    try {
      grid.settings.push_back(Chain(printed).spec());
    } catch (const Error& e) {
      grid.left_out.push_back({printed, e.what()});
    }
  }
  if (lists && grid.settings.empty()) fail(grid.left_out.front().reason);
  return grid;
}

}  // namespace nescio::detectors
