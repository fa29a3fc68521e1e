#include "io/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "io/test_folder.h"

namespace nescio::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A file with this dictionary, then the values.
std::string npy(std::string_view dict, std::string_view values, int version = 1) {
  std::string out = std::string("\x93NUMPY") + static_cast<char>(version) + '\0';
  const std::size_t size_bytes = version == 1 ? 2 : 4;
  for (std::size_t i = 0; i < size_bytes; ++i) {
    out += static_cast<char>(dict.size() >> (8 * i) & 0xff);
  }
  return out + std::string(dict) + std::string(values);
}

Array parsed_npy(const std::string& file) { return parse_npy(SharedBytes::copy_of(file), "a.npy"); }
std::string npy_error(const std::string& file) {
  return error_of([&] { parsed_npy(file); });
}
std::string dict(std::string_view descr, std::string_view shape, std::string_view order = "False") {
  return text("{'descr': '", descr, "', 'fortran_order': ", order, ", 'shape': ", shape, ", }\n");
}

TEST(Npy, HeaderIsNumpysByteForByte) {
  // numpy.lib.format.write_array_header_1_0 for float32 (3, 4)
  const std::string header = npy_header(DType::float32, {3, 4});
  EXPECT_EQ(header.size(), 128u);
  EXPECT_THAT(header, StartsWith(std::string("\x93NUMPY\x01\x00\x76\x00", 10) +
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"));
  EXPECT_EQ(header.back(), '\n');
  EXPECT_THAT(npy_header(DType::uint8, {5}),
              HasSubstr("'|u1', 'fortran_order': False, 'shape': (5,)"));
  EXPECT_THAT(npy_header(DType::int64, {}), HasSubstr("'shape': (), }"));
}

TEST(Npy, RoundTripOfEveryTypeAndShape) {
  const TestFolder folder;
  const auto bytes = SharedBytes::copy_of("01234567890123456789012345678901234567890123456789");
  for (const DType type :
       {DType::boolean, DType::uint8, DType::uint16, DType::uint32, DType::uint64, DType::int8,
        DType::int16, DType::int32, DType::int64, DType::float16, DType::float32, DType::float64}) {
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 3}, Shape{0, 5}, Shape{1, 2, 3, 1}}) {
      const Array array =
          array_from_bytes(type, shape, bytes.part(0, count_of(shape) * size_of(type)));
      write_npy(folder / "a.npy", array);
      const Array back = read_npy(folder / "a.npy");
      EXPECT_EQ(back.dtype(), type);
      EXPECT_EQ(back.shape(), shape);
      EXPECT_EQ(std::string_view(static_cast<const char*>(back.data()), back.bytes()),
                std::string_view(static_cast<const char*>(array.data()), array.bytes()));
    }
  }
}

TEST(Npy, BfloatHasNoPlaceInTheFormat) {
  EXPECT_THAT(error_of([] { npy_header(DType::bfloat16, {1}); }),
              HasSubstr("convert it to float32"));
}

TEST(Npy, FilesAreMappedNotCopied) {
  const TestFolder folder;
  write_npy(folder / "a.npy", Array({2}, std::vector<float>{1, 2}));
  const SharedBytes bytes = map_file(folder / "a.npy");
  const Array array = parse_npy(bytes, "a.npy");
  EXPECT_EQ(array.data(), bytes.data() + 128);
}

TEST(Npy, VersionsTwoAndThree) {
  for (const int version : {2, 3}) {
    EXPECT_THAT(parsed_npy(npy(dict("|u1", "(2,)"), "ab", version)).as<std::uint8_t>(),
                ElementsAre('a', 'b'));
  }
  EXPECT_THAT(npy_error(npy(dict("|u1", "(2,)"), "ab", 4)), HasSubstr("version 4.0 is not known"));
}

TEST(Npy, BigEndianIsConverted) {
  const Array array = parsed_npy(npy(dict(">i2", "(2,)"), std::string("\x01\x02\x00\x03", 4)));
  EXPECT_THAT(array.to_int64().as<std::int64_t>(), ElementsAre(0x102, 3));
}

TEST(Npy, UnsignedTypesAreRead) {
  const Array small = parsed_npy(npy(dict("<u2", "(2,)"), std::string("\xff\xff\x01\x00", 4)));
  EXPECT_THAT(small.to_int64().as<std::int64_t>(), ElementsAre(65535, 1));
  const Array swapped = parsed_npy(npy(dict(">u4", "(1,)"), std::string("\x80\x00\x00\x01", 4)));
  EXPECT_THAT(swapped.to_int64().as<std::int64_t>(), ElementsAre(2147483649));
  const Array large = parsed_npy(npy(dict("<u8", "(1,)"), std::string("\x05\0\0\0\0\0\0\0", 8)));
  EXPECT_EQ(large.dtype(), DType::uint64);
  EXPECT_THAT(large.to_int64().as<std::int64_t>(), ElementsAre(5));
}

TEST(Npy, FortranOrderIsConverted) {
  const Array array = parsed_npy(npy(dict("|u1", "(2, 3)", "True"), "adbecf"));
  EXPECT_EQ(array.shape(), (Shape{2, 3}));
  EXPECT_THAT(array.as<std::uint8_t>(), ElementsAre('a', 'b', 'c', 'd', 'e', 'f'));
  const Array swapped = parsed_npy(npy(dict(">i2", "(1, 2)", "True"), std::string("\0\1\0\2", 4)));
  EXPECT_THAT(swapped.to_int64().as<std::int64_t>(), ElementsAre(1, 2));
  EXPECT_EQ(parsed_npy(npy(dict("<f4", "(0, 3)", "True"), "")).size(), 0u);
}

TEST(Npy, HeaderVariantsOfOldWriters) {
  EXPECT_EQ(parsed_npy(npy("{\"shape\": (2L,), \"descr\":\"|u1\",\"fortran_order\":False}  ", "ab"))
                .shape(),
            (Shape{2}));
}

TEST(Npy, ObjectsAndUnknownTypesNameTheRemedy) {
  EXPECT_THAT(npy_error(npy(dict("|O", "(1,)"), "x")), HasSubstr("Python objects (a pickle)"));
  EXPECT_THAT(npy_error(npy(dict("<U3", "(1,)"), "x")), HasSubstr("holds text of type '<U3'"));
  EXPECT_THAT(npy_error(npy(dict("<c8", "(1,)"), "x")),
              AllOf(HasSubstr("'<c8' are not supported"), HasSubstr("astype")));
  EXPECT_THAT(
      npy_error(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "x")),
      HasSubstr("structured"));
}

TEST(Npy, DamagedHeadersAreRefused) {
  EXPECT_THAT(npy_error(""), HasSubstr("empty file"));
  EXPECT_THAT(npy_error("not numpy at all"), HasSubstr("expected a NumPy array"));
  EXPECT_THAT(npy_error(npy(dict("|u1", "(2,)"), "ab").substr(0, 20)), HasSubstr("truncated"));
  for (const char* broken : {
           "",
           "{",
           "{}",
           "[]",
           "{'descr': '|u1', 'fortran_order': False}",
           "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'x': 1}",
           "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (2,)}",
           "{'descr': '|u1', 'fortran_order': 0, 'shape': (2,)}",
           "{'descr': '|u1', 'fortran_order': False, 'shape': (2)}",
           "{'descr': '|u1', 'fortran_order': False, 'shape': (-2,)}",
           "{'descr': '|u1', 'fortran_order': False, 'shape': (2.0,)}",
           "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), } import os",
           "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999999,)}",
           "{'descr': '|u1, 'fortran_order': False, 'shape': (2,)}",
       }) {
    EXPECT_THAT(npy_error(npy(broken, "ab")), HasSubstr("damaged .npy header")) << broken;
  }
}

TEST(Npy, SizesMustAgreeWithTheFile) {
  EXPECT_THAT(npy_error(npy(dict("<f4", "(3,)"), "12345678")),
              HasSubstr("truncated: expected 12 bytes of values for float32 [3], found 8"));
  EXPECT_THAT(npy_error(npy(dict("<f4", "(1,)"), "12345678")), HasSubstr("expected 4 bytes"));
  EXPECT_THAT(npy_error(npy(dict("<f8", "(4294967296, 4294967296)"), "")), HasSubstr("too large"));
  EXPECT_THAT(npy_error(npy(dict("<f8", "(1152921504606846977, 1)"), "")), HasSubstr("too large"));
  EXPECT_THAT(npy_error(npy(dict("<f4", "(1000000000000,)", "True"), "")), HasSubstr("truncated"));
}

TEST(Npy, HugeHeaderIsRefused) {
  std::string file = npy(dict("|u1", "(2,)"), "ab", 2);
  file[8] = file[9] = file[10] = file[11] = '\xff';
  EXPECT_THAT(npy_error(file), HasSubstr("header of 4294967295 bytes"));
}

TEST(Npy, FullDiskIsAnError) {
  EXPECT_THAT(error_of([] { write_npy("/dev/full", Array({1}, std::vector<float>{1})); }),
              HasSubstr("No space left"));
}

TEST(Npy, ReadsNumpysOwnFiles) {
  const char* golden = std::getenv("NESCIO_GOLDEN");
  if (!golden) GTEST_SKIP() << "NESCIO_GOLDEN is not set";
  const auto bank = std::filesystem::path(golden) / "bank";
  const Array features = read_npy(bank / "train_features.npy");
  EXPECT_EQ(features.dtype(), DType::float32);
  EXPECT_EQ(features.shape(), (Shape{4000, 64}));
  for (const float value : features.as<float>()) ASSERT_TRUE(std::isfinite(value) && value >= 0);
  EXPECT_EQ(read_npy(bank / "train_labels.npy").dtype(), DType::int64);
}

}  // namespace
}  // namespace nescio::io
