#include "base/interrupt.h"

#include <gtest/gtest.h>

#include <exception>
#include <string>

#include "base/error.h"
#include "base/threads.h"

namespace nescio {
namespace {

TEST(Interrupt, PassesThoseWhoGoOnAfterErrors) {
  request_interrupt();
  std::string caught;
  try {
    parallel_for(10, [](std::size_t) {
      try {
        check_interrupt();
      } catch (const std::exception&) {
        // As who skips a broken picture.
      }
    });
  } catch (const Interrupted& e) {
    caught = e.what();
  }
  clear_interrupt();
  EXPECT_EQ(caught, "interrupted");
  EXPECT_NO_THROW(check_interrupt());
}

}  // namespace
}  // namespace nescio
