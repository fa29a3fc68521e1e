// Says where an error happened.
#pragma once

#include <string>

#include "base/usage.h"

namespace nescio {

/// What `work` returns. The message of an Error that leaves it begins with `where`, as it is written:
/// within(path + ": ", [&] { ... }). A mistake on the command line stays one; what is no Error
/// (Interrupted, no memory left) passes as it is.
template <class Work>
decltype(auto) within(const std::string& where, Work&& work) {
  try {
    return work();
  } catch (const UsageError& e) {
    fail_usage(where, e.what());
  } catch (const Error& e) {
    fail(where, e.what());
  }
}

}  // namespace nescio
