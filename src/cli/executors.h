// The executors of this program, chosen by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/parameters.h"
#include "expr/program.h"

namespace nescio::expr::executors {
/// All of them, by name (generated from the entries of CMake, like the verbs). One that needs the part
/// of the program that runs networks loads it when it compiles.
const std::vector<Executor>& catalogue();
}  // namespace nescio::expr::executors

namespace nescio::cli {

/// The option `executor`; its choices are the catalogue.
ParameterInfo executor_info();
/// The one of that name; `torch` computes on `device`. Error with the list if there is none of that name, and for a
/// device that is not there.
expr::Executor find_executor(std::string_view name, const std::string& device = "auto");

/// Whether `device` is a GPU by its name: neither auto nor cpu.
bool names_gpu(std::string_view device);
/// What computes on the device that a verb is given: `cpu` on auto and cpu, `torch` on a GPU.
expr::Executor executor_on(const std::string& device);
/// The option `device` of verbs whose detectors that chooses.
ParameterInfo detector_device_info();

}  // namespace nescio::cli
