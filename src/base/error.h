// The one exception type of the library, and the text that goes into it.
#pragma once

#include <stdexcept>
#include <string>

#include "base/text.h"

namespace nescio {

/// A caller's mistake or a fault of the outside world (file, disk, data).
/// The message says what was expected, what was found, where, and what to do:
/// `[energy] logits: expected [N, 10], found [128, 100] (cifar100/test)`.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A mistake on the command line; the program prints it and exits with 2 instead of 1.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// Ctrl-C was pressed; the program exits with 130.
class Interrupted : public Error {
 public:
  Interrupted() : Error("interrupted") {}
  using Error::Error;
};

/// Throws Error with the parts written one after the other.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Error(text(parts...));
}

}  // namespace nescio
