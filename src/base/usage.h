// Mistakes in the words of a command, told apart from faults of files and data.
#pragma once

#include <string>

#include "base/error.h"

namespace nescio {

/// Throws UsageError with the parts written one after the other: an option, a spec or a name in it
/// that cannot be meant, whatever the files hold.
template <class... Parts>
[[noreturn]] void fail_usage(const Parts&... parts) {
  throw UsageError(text(parts...));
}

/// Calls f(), which reads words of the command; an Error of it is a mistake in them.
template <class F>
decltype(auto) as_usage(const F& f) {
  try {
    return f();
  } catch (const Error& e) {
    fail_usage(e.what());
  }
}

}  // namespace nescio
