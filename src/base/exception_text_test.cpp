#include "base/exception_text.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace nescio {
namespace {

TEST(ExceptionText, EndsBeforeATraceOfCalls) {
  const auto of = [](const char* what) { return exception_text(std::runtime_error(what)); };
  EXPECT_EQ(of("no space left"), "no space left");
  EXPECT_EQ(of(""), "");
  EXPECT_EQ(of("two\nlines"), "two\nlines");
  EXPECT_EQ(of("can't allocate memory: 12 bytes\nframe #0: c10::f() + 0x6a (0x7f in libc10.so)\n"),
            "can't allocate memory: 12 bytes");
  EXPECT_EQ(of("CUDA out of memory\nException raised from malloc at a.cpp:3 (most recent call "
               "first):\nframe #0: c10::Error"),
            "CUDA out of memory");
}

TEST(ExceptionText, OfTheFileSystemBeginsWithThePath) {
  const auto code = std::make_error_code(std::errc::filename_too_long);
  const std::filesystem::filesystem_error error("status", "banks/long", code);
  EXPECT_EQ(exception_text(error), "banks/long: " + code.message());
}

}  // namespace
}  // namespace nescio
