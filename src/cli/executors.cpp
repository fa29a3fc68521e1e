#include "cli/executors.h"

#include <algorithm>

#include "base/error.h"
#include "cli/network_part.h"

namespace nescio::expr::executors {
Executor torch();
}

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

expr::Executor find_executor(std::string_view name, const std::string& device) {
  if (name == expr::executors::torch().name) return needed_network_part().executor(device);
  const auto& all = expr::executors::catalogue();
  const auto found = std::ranges::find(all, name, &expr::Executor::name);
  if (found == all.end()) {
    fail("unknown executor '", name, "'; expected ", describe_range(executor_info()));
  }
  return *found;
}

bool names_gpu(std::string_view device) { return device != "auto" && device != "cpu"; }

expr::Executor executor_on(const std::string& device) {
  return names_gpu(device) ? needed_network_part().executor(device) : expr::Executor::cpu;
}

ParameterInfo detector_device_info() {
  return {
      .name = "device",
      .doc = "where detectors are computed: auto and cpu are the CPU; cuda or cuda:N, by libtorch"};
}

}  // namespace nescio::cli

namespace nescio::expr::executors {

// libtorch is loaded when somebody computes with it.
Executor torch() {
  return {"torch", "libtorch, on a GPU where there is one", Precision::float32,
          [](const std::vector<Expr>& outputs) {
            return cli::needed_network_part().executor("auto").compile(outputs);
          }};
}

}  // namespace nescio::expr::executors
