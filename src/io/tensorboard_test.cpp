#include "io/tensorboard.h"

#include <gtest/gtest.h>

namespace nescio::io {
namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    out += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

TEST(Tensorboard, ChecksumsAreThoseOfTheStandard) {
  // RFC 3720, B.4, and the check value of the CRC catalogue.
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(""), 0u);
}

TEST(Tensorboard, RecordsAreThoseOfTensorBoard) {
  // Event(...) through RecordWriter of tensorboard 2.21.0.
  EXPECT_EQ(hex(event_file_start(1700000000.25)),
            "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9");
  EXPECT_EQ(
      hex(scalar_event(1700000000.25, 300, "train/loss", 0.5f)),
      "2100000000000000017becf60900001040fc54d94110ac022a130a110a0a747261696e2f6c6f737315000000"
      "3f8c4ba26f");
}

}  // namespace
}  // namespace nescio::io
