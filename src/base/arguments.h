// The arguments of a spec's term, set as parameters.
#pragma once

#include "base/parameters.h"
#include "base/spec.h"

namespace nescio {

/// Sets what a term gives, as in knn(k=50). Error, beginning with `where`, for an unknown key, a
/// value that does not fit, a list, a bare spec, and
/// what check_parameters() refuses.
template <class Base>
void set_arguments(Base& object, const std::vector<Parameter<Base>>& parameters,
                   std::string_view where, const Term& term) {
  std::vector<std::string> given;
  for (const Argument& argument : term.arguments) {
    if (argument.key.empty()) {
      fail(where, " ", term.name, " takes key=value, found '", print(argument.spec.front()), "'");
    }
    if (argument.list)
      fail(where, " ", argument.key, ": a list stands for several settings; one is wanted here");
    set_parameter(object, parameters, where, argument.key, argument.values.front());
    given.push_back(argument.key);
  }
  check_parameters(object, parameters, where, given);
}

}  // namespace nescio
