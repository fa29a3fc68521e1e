// The arguments of a spec's term, set as parameters.
#pragma once

#include "base/parameters.h"
#include "base/spec.h"
#include "base/text.h"

namespace nescio {

/// The parameter that a bare word sets, as in on(layer6): the first one, if it takes any text. Null for
/// others.
template <class Base>
const Parameter<Base>* bare_parameter(const std::vector<Parameter<Base>>& parameters) {
  if (parameters.empty()) return nullptr;
  const Parameter<Base>& first = parameters.front();
  const bool any_text = first.type == type_name<std::string>() && first.info.choices.empty();
  return any_text ? &first : nullptr;
}

/// Whether the parameter called `key` takes a list of numbers.
template <class Base>
bool takes_list(const std::vector<Parameter<Base>>& parameters, std::string_view key) {
  for (const auto& p : parameters) {
    if (p.info.name == key) return p.type.starts_with(type_name<std::vector<double>>());
  }
  return false;
}

/// Sets what a term gives, as in knn(k=50) or on(layer6). Error, beginning with `where`, for an unknown key, a
/// value that does not fit, a sweep, a list where one value is wanted, a bare spec, and
/// what check_parameters() refuses.
template <class Base>
void set_arguments(Base& object, const std::vector<Parameter<Base>>& parameters,
                   std::string_view where, const Term& term) {
  std::vector<std::string> given;
  for (const Argument& argument : term.arguments) {
    const Parameter<Base>* bare = argument.key.empty() ? bare_parameter(parameters) : nullptr;
    if (bare && argument.spec.front().terms.size() == 1 &&
        argument.spec.front().terms.front().arguments.empty() && given.empty()) {
      set_parameter(object, parameters, where, bare->info.name, print(argument.spec.front()));
      given.push_back(bare->info.name);
      continue;
    }
    if (argument.key.empty()) {
      fail(where, " ", term.name, " takes key=value, found '", print(argument.spec.front()), "'");
    }
    const std::string& key = argument.key;
    const std::string& value = argument.values.front();
    const bool list = takes_list(parameters, key);
    if (argument.sweep) {
      fail(where, " ", key, ": a list stands for several settings; one is wanted here",
           list ? text(", and one value of several numbers is written in (): ", key, "=(",
                       join(argument.values, ","), ")")
                : "");
    }
    if (value.front() == '(' && !list) {
      fail(where, " ", key, ": expected one value, found the list ", value,
           "; several settings, one after the other, are written in []");
    }
    set_parameter(object, parameters, where, key, value);
    given.push_back(key);
  }
  check_parameters(object, parameters, where, given);
}

}  // namespace nescio
