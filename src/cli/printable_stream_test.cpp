#include "cli/printable_stream.h"

#include <gtest/gtest.h>

#include <sstream>

namespace nescio::cli {
namespace {

TEST(PrintableStream, WritesOutWhatATerminalWouldObey) {
  std::ostringstream to;
  PrintableStream out(to);
  out << "a\r\x1b[2J" << 7 << "\n\xc3";
  EXPECT_EQ(to.str(), "a\\r\\x1b[2J7\n");
  out << "\xa4\xff" << std::flush;  // a character may come in two parts
  EXPECT_EQ(to.str(), "a\\r\\x1b[2J7\n\xc3\xa4\\xff");
}

TEST(PrintableStream, PassesTheLastLineOnWhenItEnds) {
  std::ostringstream to;
  PrintableStream(to) << "x";
  EXPECT_EQ(to.str(), "x");
}

TEST(PrintableStream, CutsTheMiddleOfLongLines) {
  std::ostringstream to;
  PrintableStream(to, 8) << "0123456789abcdef\nx\n";
  EXPECT_EQ(to.str(), "012345 ... ef\nx\n");
}

TEST(PrintableStream, FailsWithTheStreamBehindIt) {
  std::ostringstream to;
  to.setstate(std::ios::badbit);
  PrintableStream out(to);
  out << "x" << std::endl;
  EXPECT_FALSE(out);
}

}  // namespace
}  // namespace nescio::cli
