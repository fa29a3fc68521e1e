#include "evaluation/imported.h"

#include "base/error.h"
#include "base/spec.h"

namespace nescio::evaluation {

std::optional<std::string> imported_name(std::string_view spec) {
  const Spec parsed = parse_spec(spec);
  if (parsed.terms.front().name != "imported") return std::nullopt;
  const auto& arguments = parsed.terms.front().arguments;
  if (parsed.terms.size() != 1 || arguments.size() != 1 || arguments[0].key != "name" ||
      arguments[0].values.size() != 1) {
    fail("[", print(parsed), "] expected imported(name=NAME), the scores that `nescio import ",
         "scores=FILE name=NAME` brought in");
  }
  return arguments[0].values[0];
}

std::string imported_spec(const std::string& name) { return text("imported(name=", name, ")"); }

std::string imported_array(const std::string& name) { return "score_" + name; }

}  // namespace nescio::evaluation
