#include "io/own_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/test_folder.h"

namespace nescio::io {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class OwnFolder : public ::testing::Test {
 protected:
  std::string refusal(bool ours) const {
    return error_of([&] { check_replaceable(folder_ / "d", "detector", ours, {"a.json"}); });
  }
  TestFolder folder_;
};

TEST_F(OwnFolder, WhatIsMissingOrEmptyIsNobodys) {
  EXPECT_EQ(refusal(false), "");
  fs::create_directory(folder_ / "d");
  EXPECT_EQ(refusal(false), "");
}

TEST_F(OwnFolder, OnlyOursWithNothingElseInIt) {
  folder_.file("d/a.json", "{}");
  EXPECT_EQ(refusal(true), "");
  EXPECT_THAT(refusal(false), HasSubstr("is there and is no detector"));
  folder_.file("d/a.json.17-0.tmp", "{");
  EXPECT_EQ(refusal(true), "");
  folder_.file("d/.hidden", "");
  EXPECT_THAT(refusal(true), HasSubstr("'.hidden' in it does not belong to the detector"));
}

TEST_F(OwnFolder, FilesWithoutTheMarkerAreTheUsers) {
  const auto refusal_to_write = [&] {
    return error_of([&] { check_writable(folder_ / "d", "run", "a.json", {"a.csv", "a.md"}); });
  };
  EXPECT_EQ(refusal_to_write(), "");
  folder_.file("d/other.csv", "mine");
  EXPECT_EQ(refusal_to_write(), "");
  folder_.file("d/a.md", "mine");
  EXPECT_THAT(refusal_to_write(), HasSubstr("a.md: is there already and of no run"));
  folder_.file("d/a.json", "{}");
  EXPECT_EQ(refusal_to_write(), "");
}

TEST_F(OwnFolder, FilesAndFoldersOfTheUser) {
  fs::create_directories(folder_ / "d/a.json");
  EXPECT_THAT(refusal(true), HasSubstr("'a.json' in it"));
  fs::remove_all(folder_ / "d");
  folder_.file("d", "a file");
  EXPECT_THAT(refusal(true), HasSubstr("expected a folder for the detector"));
}

}  // namespace
}  // namespace nescio::io
