#include "io/sha256.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "io/test_folder.h"

namespace nescio::io {
namespace {

// FIPS 180-4's examples.
constexpr const char* of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* of_nothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Sha256, KnownValues) {
  EXPECT_EQ(sha256("abc"), of_abc);
  EXPECT_EQ(sha256(""), of_nothing);
}

TEST(Sha256, PiecesGiveTheWhole) {
  Sha256 hash;
  hash.add("a");
  hash.add("");
  hash.add("bc");
  EXPECT_EQ(hash.hex(), of_abc);
}

TEST(Sha256, Files) {
  const TestFolder folder;
  EXPECT_EQ(sha256_file(folder.file("a", "abc")), of_abc);
  EXPECT_EQ(sha256_file(folder.file("b", "")), of_nothing);
  EXPECT_THROW(sha256_file(folder / "none"), Error);
}

}  // namespace
}  // namespace nescio::io
