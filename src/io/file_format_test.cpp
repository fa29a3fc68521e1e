#include "io/file_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/bytes.h"

namespace nescio::io {
namespace {

using namespace std::string_view_literals;
using ::testing::HasSubstr;

FileFormat kind_of(std::string_view bytes) { return identify(SharedBytes::copy_of(bytes).span()); }

std::string safetensors(std::size_t header_bytes) {
  std::string header = "{}";
  header.resize(header_bytes, ' ');
  std::string file;
  for (std::size_t shift = 0; shift < 64; shift += 8) {
    file += static_cast<char>(header_bytes >> shift & 0xff);
  }
  return file + header;
}

TEST(FileFormat, FormatsByTheirFirstBytes) {
  EXPECT_EQ(kind_of(""), FileFormat::empty);
  EXPECT_EQ(kind_of("\x93NUMPY\x01\0"sv), FileFormat::npy);
  EXPECT_EQ(kind_of("PK\3\4...."sv), FileFormat::zip);
  EXPECT_EQ(kind_of("\x80\x04\x95"sv), FileFormat::pickle);
  EXPECT_EQ(kind_of("(dp0\nS'a'\n"sv), FileFormat::pickle);
  EXPECT_EQ(kind_of("\x1f\x8b\x08"sv), FileFormat::gzip);
  EXPECT_EQ(kind_of("\0\0\x08\x03\0\0\0\x01"sv), FileFormat::idx);
  EXPECT_EQ(kind_of("\x89HDF\r\n\x1a\n"sv), FileFormat::hdf5);
  EXPECT_EQ(kind_of("{\"a\": 1}"), FileFormat::json);
  EXPECT_EQ(kind_of("\n <!DOCTYPE html>"), FileFormat::markup);
  EXPECT_EQ(kind_of("\xef\xbb\xbf<?xml?>"), FileFormat::markup);
  EXPECT_EQ(kind_of("version https://git-lfs.github.com/spec/v1\n"), FileFormat::lfs_pointer);
  EXPECT_EQ(kind_of("\xff\xd8\xff\xe0"), FileFormat::picture);
  EXPECT_EQ(kind_of("hello\n"), FileFormat::text);
  EXPECT_EQ(kind_of("K\xc3\xa4"
                    "fer,1\n"),
            FileFormat::text);
  EXPECT_EQ(kind_of("\xe7\x8c\xab.jpg 1"), FileFormat::text);
  EXPECT_EQ(kind_of("M\xe4use;1\r\n"), FileFormat::text);  // Latin-1
  EXPECT_EQ(kind_of("\xff\xfe"
                    "1\0\n\0"sv),
            FileFormat::utf16);
  EXPECT_EQ(kind_of("\x01\x02\x03"), FileFormat::other);
}

TEST(FileFormat, SafetensorsWhateverTheLengthOfTheHeader) {
  // 0x80 begins a pickle, 0x93 NumPy's files, "PK" (0x4b50) a zip archive, 0x1f8b gzip.
  for (const std::size_t length : {2u, 0x80u, 0x93u, 0x4b50u, 0x8b1fu, 0x3cu, 0x7bu, 0x28u}) {
    EXPECT_EQ(kind_of(safetensors(length)), FileFormat::safetensors) << length;
  }
}

TEST(FileFormat, SaysWhatToDo) {
  EXPECT_THAT(describe(FileFormat::lfs_pointer), HasSubstr("git lfs pull"));
  EXPECT_THAT(describe(FileFormat::markup), HasSubstr("web page"));
  EXPECT_THAT(describe(FileFormat::gzip), HasSubstr("gunzip"));
  EXPECT_THAT(describe(FileFormat::utf16), HasSubstr("UTF-8"));
}

}  // namespace
}  // namespace nescio::io
