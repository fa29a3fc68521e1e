// The exception type of the library, the one for Ctrl-C, and the text that goes into it.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

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

/// Ctrl-C was pressed; the program exits with 130. Neither an Error nor a std::exception: who catches
/// those to go on, as behind a broken picture, must not go on.
class Interrupted {
 public:
  explicit Interrupted(std::string message = "interrupted") : message_(std::move(message)) {}
  const char* what() const noexcept { return message_.c_str(); }

 private:
  std::string message_;
};

/// Throws Error with the parts written one after the other.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw Error(text(parts...));
}

}  // namespace nescio
