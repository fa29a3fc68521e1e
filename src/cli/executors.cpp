#include "cli/executors.h"

#include <algorithm>

#include "base/error.h"

namespace nescio {

ParameterInfo executor_info() {
  ParameterInfo info{.name = "executor", .doc = "what computes"};
  for (const Executor& executor : executors::catalogue()) {
    info.doc +=
        text(info.choices.empty() ? ": " : "; ", executor.name, " (", executor.summary, ")");
    info.choices.push_back(executor.name);
  }
  return info;
}

const Executor& find_executor(std::string_view name) {
  const auto& all = executors::catalogue();
  const auto found = std::ranges::find(all, name, &Executor::name);
  if (found == all.end()) {
    fail("unknown executor '", name, "'; expected ", describe_range(executor_info()));
  }
  return *found;
}

}  // namespace nescio
