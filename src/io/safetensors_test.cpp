#include "io/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "io/test_folder.h"
#include "io/test_zip.h"

namespace nescio::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Safetensors parsed_safetensors(std::string_view header, std::string_view data) {
  const std::string file =
      little_endian(header.size(), 8) + std::string(header) + std::string(data);
  return parse_safetensors(SharedBytes::copy_of(file), "a.safetensors");
}
std::string safetensors_error(std::string_view header, std::string_view data) {
  return error_of([&] { parsed_safetensors(header, data); });
}

TEST(Safetensors, ReadsTensorsAndMetadata) {
  const auto file = parsed_safetensors(R"({"__metadata__": {"format": "pt"},
      "b": {"dtype": "U8", "shape": [2, 1], "data_offsets": [8, 10]},
      "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
      "none": {"dtype": "I64", "shape": [0, 3], "data_offsets": [10, 10]},
      "one": {"dtype": "I8", "shape": [], "data_offsets": [10, 11]}}   )",
                                       std::string("\0\0\x80\x3f\0\0\0\x40xyz", 11));
  EXPECT_EQ(file.metadata.at("format"), "pt");
  EXPECT_EQ(file.tensors.size(), 4u);
  EXPECT_THAT(file.tensors.at("a").as<float>(), ElementsAre(1.0f, 2.0f));
  EXPECT_THAT(file.tensors.at("b").as<std::uint8_t>(), ElementsAre('x', 'y'));
  EXPECT_EQ(file.tensors.at("b").shape(), (Shape{2, 1}));
  EXPECT_EQ(file.tensors.at("none").shape(), (Shape{0, 3}));
  EXPECT_EQ(file.tensors.at("one").shape(), Shape{});
}

TEST(Safetensors, RoundTripIsAlignedAndDeterministic) {
  const TestFolder folder;
  std::map<std::string, Array> tensors;
  tensors.emplace("flags", Array({3}, std::vector<std::uint8_t>{1, 0, 1}));
  tensors.emplace("mean", Array({2, 2}, std::vector<double>{1, 2, 3, 4}));
  tensors.emplace("weight", Array({1, 3}, std::vector<float>{5, 6, 7}));
  tensors.emplace("half", array_from_bytes(DType::bfloat16, {1}, SharedBytes::copy_of("ab")));
  write_safetensors(folder / "a.safetensors", tensors, {{"spec", "knn(k=5)"}});
  write_safetensors(folder / "b.safetensors", tensors, {{"spec", "knn(k=5)"}});
  EXPECT_EQ(read_text(folder / "a.safetensors"), read_text(folder / "b.safetensors"));

  const SharedBytes bytes = map_file(folder / "a.safetensors");
  const auto back = parse_safetensors(bytes, "a");
  EXPECT_EQ(back.metadata.at("spec"), "knn(k=5)");
  EXPECT_THAT(back.tensors.at("mean").as<double>(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(back.tensors.at("weight").as<float>(), ElementsAre(5, 6, 7));
  EXPECT_EQ(back.tensors.at("half").dtype(), DType::bfloat16);
  EXPECT_EQ(back.tensors.at("flags").shape(), (Shape{3}));
  for (const auto& [name, array] : back.tensors) {  // all mapped: nothing had to be copied
    EXPECT_GE(static_cast<const std::uint8_t*>(array.data()), bytes.data()) << name;
    EXPECT_LT(static_cast<const std::uint8_t*>(array.data()), bytes.data() + bytes.size()) << name;
  }
}

TEST(Safetensors, WithoutTensors) {
  const TestFolder folder;
  write_safetensors(folder / "a.safetensors", {});
  EXPECT_TRUE(read_safetensors(folder / "a.safetensors").tensors.empty());
}

TEST(Safetensors, ReservedNameIsRefusedWhenWriting) {
  const TestFolder folder;
  EXPECT_THROW(write_safetensors(folder / "a", {{"__metadata__", Array()}}), Error);
}

TEST(Safetensors, HeaderSizeIsChecked) {
  EXPECT_THAT(error_of([] { parse_safetensors(SharedBytes::copy_of("1234567"), "a"); }),
              HasSubstr("found 7 bytes"));
  for (const std::uint64_t size :
       {std::uint64_t{100}, std::uint64_t{200'000'000}, ~std::uint64_t{0}}) {
    const auto bytes = SharedBytes::copy_of(little_endian(size, 8) + "{}");
    EXPECT_THAT(error_of([&] { parse_safetensors(bytes, "a"); }), HasSubstr("truncated"));
  }
}

TEST(Safetensors, DamagedHeadersAreRefused) {
  EXPECT_THAT(safetensors_error("[]", ""), HasSubstr("no JSON object"));
  EXPECT_THAT(safetensors_error("{", ""), HasSubstr("no valid JSON"));
  EXPECT_THAT(safetensors_error(R"({"a": 5})", ""), HasSubstr("tensor 'a': expected dtype, shape"));
  EXPECT_THAT(safetensors_error(R"({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}})",
                                "1234"),
              HasSubstr("expected dtype"));
  EXPECT_THAT(safetensors_error(
                  R"({"a": {"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}})", "1234"),
              HasSubstr("expected dtype"));
  EXPECT_THAT(safetensors_error(
                  R"({"a": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}})", "1"),
              HasSubstr("type F8_E4M3 are not supported"));
  EXPECT_THAT(safetensors_error(R"({"__metadata__": {"a": 1}})", ""), HasSubstr("no text"));
  EXPECT_THAT(safetensors_error(R"({"a": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]},
                        "a": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}})",
                                ""),
              HasSubstr("'a' occurs twice"));
}

TEST(Safetensors, OtherTypesBesideNumbersSpoilNothing) {
  const auto file =
      parsed_safetensors(R"({"a": {"dtype": "F8_E4M3", "shape": [3], "data_offsets": [0, 3]},
      "b": {"dtype": "U8", "shape": [2], "data_offsets": [3, 5]}})",
                         "xyz12");
  EXPECT_THAT(file.tensors.at("b").as<std::uint8_t>(), ElementsAre('1', '2'));
  EXPECT_EQ(file.tensors.size(), 1u);
  EXPECT_THAT(file.unread.at("a"), HasSubstr("type F8_E4M3 are not supported"));
  EXPECT_THAT(safetensors_error(R"({"a": {"dtype": "F8_E4M3", "shape": [3], "data_offsets": [3, 0]},
                        "b": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}})",
                                "12"),
              HasSubstr("tensor 'a': it ends at 0, before 3"));
}

TEST(Safetensors, OffsetsMustFillTheFile) {
  EXPECT_THAT(safetensors_error(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 5]}})",
                                "12345"),
              HasSubstr("needs 4 bytes"));
  EXPECT_THAT(
      safetensors_error(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}})", "1234"),
      HasSubstr("needs 4 bytes"));
  EXPECT_THAT(
      safetensors_error(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})", "12"),
      HasSubstr("truncated: expected 4 bytes"));
  EXPECT_THAT(safetensors_error(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})",
                                "12345"),
              HasSubstr("expected 4 bytes of values, found 5"));
  EXPECT_THAT(safetensors_error(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}})",
                                "12345678"),
              HasSubstr("hole"));
  EXPECT_THAT(safetensors_error(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
                        "b": {"dtype": "F32", "shape": [1], "data_offsets": [2, 6]}})",
                                "123456"),
              HasSubstr("overlaps"));
  EXPECT_THAT(safetensors_error(R"({"a": {"dtype": "F64", "shape": [4294967296, 4294967296],
                              "data_offsets": [0, 0]}})",
                                ""),
              HasSubstr("too large"));
}

TEST(Safetensors, ReadsPublishedWeights) {
  const char* weights = std::getenv("NESCIO_WEIGHTS");
  if (!weights) GTEST_SKIP() << "NESCIO_WEIGHTS is not set";
  const auto file =
      read_safetensors(std::filesystem::path(weights) / "squeezenet1.0_dc.safetensors");
  EXPECT_EQ(file.tensors.size(), 52u);
  EXPECT_EQ(file.tensors.at("conv1.weight").shape(), (Shape{96, 3, 7, 7}));
}

}  // namespace
}  // namespace nescio::io
