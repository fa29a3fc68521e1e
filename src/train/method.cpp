#include "train/method.h"

#include "base/arguments.h"

namespace nescio {

const MethodInfo& find_method(std::string_view name) {
  std::vector<std::string> names;
  for (const MethodInfo& info : methods::catalogue()) {
    if (info.name == name) return info;
    names.push_back(info.name);
  }
  fail("unknown training method '", name, "'.", suggest(name, names));
}

std::shared_ptr<TrainingMethod> make_method(std::string_view source) {
  const Spec spec = parse_spec(source);
  if (spec.terms.size() != 1) {
    fail("training method '", source, "': expected one, found ", spec.terms.size(),
         " joined with '+'");
  }
  const MethodInfo& info = find_method(spec.terms[0].name);
  auto method = info.make();
  set_arguments(*method, info.parameters, "[" + info.name + "]", spec.terms[0]);
  return method;
}

}  // namespace nescio
