#include "image/cifar_records.h"

#include <gtest/gtest.h>

#include "io/test_folder.h"

namespace nescio::image {
namespace {

constexpr std::size_t plane = 32 * 32;

/// Record i has the labels i, i + 1 ... and planes of i, i + 100, i + 200.
io::SharedBytes records(std::size_t count, std::size_t label_bytes) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < label_bytes; ++k) {
      bytes.push_back(static_cast<std::uint8_t>(i + k));
    }
    for (std::size_t c = 0; c < 3; ++c) {
      bytes.insert(bytes.end(), plane, static_cast<std::uint8_t>(i + 100 * c));
    }
  }
  return io::SharedBytes(std::move(bytes));
}

TEST(CifarRecords, GivesLabelsAndPixels) {
  const CifarRecords parsed = parse_cifar_records(records(3, 1), {}, "x.bin");
  EXPECT_EQ(parsed.size(), 3u);
  EXPECT_EQ(parsed.label(2), 2);
  const Image image = parsed.image(2);
  EXPECT_EQ(image.height, 32u);
  EXPECT_EQ(image.channels, 3u);
  EXPECT_EQ(image.pixels[0], 2);
  EXPECT_EQ(image.pixels[1], 102);
  EXPECT_EQ(image.pixels[3 * plane - 1], 202);
}

TEST(CifarRecords, TakesTheChosenLabel) {
  EXPECT_EQ(parse_cifar_records(records(2, 2), {.bytes = 2, .chosen = 1}, "x.bin").label(1), 2);
  EXPECT_EQ(parse_cifar_records(records(2, 2), {.bytes = 2, .chosen = 0}, "x.bin").label(1), 1);
}

TEST(CifarRecords, RefusesLabelsThatAreNoClass) {
  EXPECT_EQ(parse_cifar_records(records(10, 1), {.classes = 10}, "x.bin").size(), 10U);
  const std::string message =
      io::error_of([] { parse_cifar_records(records(11, 1), {.classes = 10}, "x.bin"); });
  EXPECT_NE(message.find("record 10: expected a label of 0 .. 9, found 10"), std::string::npos);
  EXPECT_NE(message.find("records:FILE"), std::string::npos);
}

TEST(CifarRecords, RefusesWhatIsNoWholeNumberOfRecords) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{3072}, std::size_t{6145}}) {
    const io::SharedBytes bytes(std::vector<std::uint8_t>(size, 0));
    const std::string message = io::error_of([&] { parse_cifar_records(bytes, {}, "x.bin"); });
    EXPECT_NE(message.find(text("found ", size, " bytes")), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace nescio::image
