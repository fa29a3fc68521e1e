// Calls into C libraries that report an error by jumping out of it.
#pragma once

#include <csetjmp>
#include <type_traits>

namespace nescio::image {

/// Where the jump lands. libjpeg and libpng may not return from an error, and exceptions may not
/// pass through C code, so their error functions leave() and run() says that they did.
class LongjmpGuard {
 public:
  /// Calls `step`; false if it was left. A jump runs no destructors: `step` and the functions it
  /// calls may have no locals that need one.
  template <class Step>
  bool run(const Step& step) {
    static_assert(std::is_trivially_destructible_v<Step>);
    if (setjmp(place_) != 0) return false;
    step();
    return true;
  }
  /// Ends the run() that is under way. Callable from C.
  [[noreturn]] void leave() { std::longjmp(place_, 1); }

  /// What the library said, for the error function to fill in; a fixed length needs no destructor.
  char reason[256] = "";

 private:
  std::jmp_buf place_;
};

}  // namespace nescio::image
