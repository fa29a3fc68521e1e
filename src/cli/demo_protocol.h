// What `nescio demo` measures (protocols/demo.yaml), compiled in by CMake.
#pragma once

namespace nescio::cli {

extern const char* const demo_protocol;

}  // namespace nescio::cli
