#include "io/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/file.h"
#include "io/npy.h"
#include "io/test_folder.h"
#include "io/test_zip.h"

namespace nescio::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string two_arrays() {
  const std::string floats("\0\0\x80\x3f\0\0\0\x40", 8);
  return test_zip(
      {{.name = "logits.npy", .content = npy_header(DType::float32, {2}) + floats},
       {.name = "labels.npy", .content = npy_header(DType::uint8, {3}) + "abc", .deflated = true},
       {.name = "readme.txt", .content = "no array"}});
}

TEST(Npz, ReadsPlainAndCompressedMembers) {
  const TestFolder folder;
  const auto path = folder.file("a.npz", two_arrays());
  EXPECT_THAT(npz_members(path), ElementsAre("labels", "logits"));
  EXPECT_THAT(read_npz(path, "logits").as<float>(), ElementsAre(1.0f, 2.0f));
  EXPECT_THAT(read_npz(path, "labels").as<std::uint8_t>(), ElementsAre('a', 'b', 'c'));
}

TEST(Npz, UnknownMembersAreAnsweredWithTheList) {
  const TestFolder folder;
  const auto path = folder.file("a.npz", two_arrays());
  EXPECT_THAT(error_of([&] { read_npz(path, "logit"); }),
              HasSubstr("there is no array 'logit'. Did you mean 'logits'? Known: labels, logits"));
}

TEST(Npz, WhatIsNoArrayOfNumbersIsToldBesideThoseThatAre) {
  const TestFolder folder;
  const auto path = folder.file(
      "a.npz", test_zip({{.name = "n.npy", .content = npy_header(DType::uint8, {1}) + "a"},
                         {.name = "x.npy", .content = "no array"}}));
  const NpzArrays found = parse_npz(map_file(path), "a.npz");
  EXPECT_EQ(found.arrays.size(), 1U);
  EXPECT_THAT(found.others.at("x"), HasSubstr("a.npz#x: expected a NumPy array"));
}

TEST(Npz, ErrorsInsideNameFileAndMember) {
  const TestFolder folder;
  const auto path = folder.file("a.npz", test_zip({{.name = "x.npy", .content = "no array"}}));
  EXPECT_THAT(error_of([&] { read_npz(path, "x"); }), HasSubstr("a.npz#x: expected a NumPy array"));
}

}  // namespace
}  // namespace nescio::io
