#include "cli/executors.h"

#include <algorithm>

#include "base/error.h"

namespace nescio::cli {

ParameterInfo executor_info() {
  ParameterInfo info{.name = "executor", .doc = "what computes"};
  for (const expr::Executor& executor : expr::executors::catalogue()) {
    info.doc +=
        text(info.choices.empty() ? ": " : "; ", executor.name, " (", executor.summary, ")");
    info.choices.push_back(executor.name);
  }
  return info;
}

const expr::Executor& find_executor(std::string_view name) {
  const auto& all = expr::executors::catalogue();
  const auto found = std::ranges::find(all, name, &expr::Executor::name);
  if (found == all.end()) {
    fail("unknown executor '", name, "'; expected ", describe_range(executor_info()));
  }
  return *found;
}

}  // namespace nescio::cli
