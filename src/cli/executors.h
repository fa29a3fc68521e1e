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
/// Error with the list if there is none of that name.
const expr::Executor& find_executor(std::string_view name);

}  // namespace nescio::cli
