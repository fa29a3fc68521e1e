// What stands between C and the library: no exception leaves, and its message goes to the caller.
#pragma once

#include <nescio/nescio.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <string_view>

#include "base/error.h"

namespace nescio::api {

/// The call itself cannot be meant.
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// The pointer; Error unless it is there.
template <class T>
T* given(T* pointer, const char* what) {
  if (pointer == nullptr) throw InvalidArgument(text(what, ": expected a pointer, found NULL"));
  return pointer;
}

/// Puts the message, shortened between two characters where it is too long, into the caller's buffer.
inline void say(nescio_error* error, std::string_view message) noexcept {
  if (error == nullptr) return;
  constexpr std::string_view rest = "...";
  constexpr std::size_t room = NESCIO_MESSAGE_SIZE - 1;
  const bool whole = message.size() <= room;
  if (!whole) {
    std::size_t size = room - rest.size();
    while (size > 0 && (static_cast<unsigned char>(message[size]) & 0xC0) == 0x80) --size;
    message = message.substr(0, size);
  }
  char* end = std::copy(message.begin(), message.end(), error->message);
  if (!whole) end = std::copy(rest.begin(), rest.end(), end);
  *end = '\0';
}

/// Runs the body of a function of the C interface.
template <class Work>
nescio_status call(nescio_error* error, const Work& work) noexcept {
  const auto failed = [&](nescio_status status, std::string_view message) {
    say(error, message);
    return status;
  };
  try {
    say(error, {});
    work();
    return NESCIO_OK;
  } catch (const InvalidArgument& e) {
    return failed(NESCIO_INVALID_ARGUMENT, e.what());
  } catch (const Error& e) {
    return failed(NESCIO_REFUSED, e.what());
  } catch (const Interrupted& e) {
    return failed(NESCIO_REFUSED, e.what());
  } catch (const std::filesystem::filesystem_error& e) {
    return failed(NESCIO_REFUSED, e.what());
  } catch (const std::bad_alloc&) {
    return failed(NESCIO_NO_MEMORY, "out of memory");
  } catch (const std::length_error&) {
    return failed(NESCIO_NO_MEMORY, "out of memory: more elements than an array can have");
  } catch (const std::exception& e) {
    return failed(NESCIO_INTERNAL, e.what());
  } catch (...) {
    return failed(NESCIO_INTERNAL, "an unknown exception");
  }
}

}  // namespace nescio::api
