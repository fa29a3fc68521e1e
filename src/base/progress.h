// How a long job says how far it is, without printing itself.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace nescio {

/// Called with (what, done, total) now and then; may be empty.
/// The command line draws a bar from it.
using Progress = std::function<void(std::string_view what, std::size_t done, std::size_t total)>;

}  // namespace nescio
