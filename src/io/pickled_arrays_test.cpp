#include "io/pickled_arrays.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/test_folder.h"
#include "io/test_pickle.h"

namespace nescio::io {
namespace {

using namespace test_pickle;
using testing::ElementsAre;
using testing::HasSubstr;

PickledArrays parsed_arrays(const std::string& file) {
  return parse_pickled_arrays(SharedBytes::copy_of(file), "data_batch_1");
}
std::string arrays_fault(const std::string& file) {
  return error_of([&] { parsed_arrays(file); });
}

// As Python 2 wrote the batches of CIFAR: protocol 2, its str as bytes.
std::string py2(const std::string& s) { return "U" + little_endian(s.size(), 1) + s; }
std::string cifar(const std::string& pixels) {
  const std::string type = global("numpy", "dtype") + py2("u1") + "K" + std::string("\0", 1) +
                           "K\x01\x87R(K\x03" + py2("|") +
                           "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK" + std::string("\0", 1) + "tb";
  const std::string array = global("numpy.core.multiarray", "_reconstruct") +
                            global("numpy", "ndarray") + "K" + std::string("\0", 1) + "\x85" +
                            py2("b") + "\x87R(K\x01K\x02K\x03\x86" + type + "\x89T" +
                            little_endian(pixels.size(), 4) + pixels + "tb";
  return pickle("}q\x01(" + py2("batch_label") + py2("training batch 1 of 5") + py2("labels") +
                "](K\x06K\x09" + "e" + py2("data") + array + py2("filenames") + "](" +
                py2("leptodactylus.png") + py2("camion.png") + "eu");
}

TEST(PickledArrays, ReadsABatchOfPython2) {
  const PickledArrays batch = parsed_arrays(cifar("abcdef"));
  EXPECT_EQ(batch.arrays.size(), 2u);
  EXPECT_EQ(batch.arrays.at("data").shape(), (Shape{2, 3}));
  EXPECT_THAT(batch.arrays.at("data").as<std::uint8_t>(),
              ElementsAre('a', 'b', 'c', 'd', 'e', 'f'));
  EXPECT_THAT(batch.arrays.at("labels").as<std::int64_t>(), ElementsAre(6, 9));
  EXPECT_THAT(batch.texts.at("filenames"), ElementsAre("leptodactylus.png", "camion.png"));
}

TEST(PickledArrays, KeysMayBeTextOrBytes) {
  const std::string list =
      "](K\x01K\x02"
      "e";
  EXPECT_EQ(parsed_arrays(pickle("}(" + str("labels") + list + "u")).arrays.size(), 1u);
  EXPECT_EQ(parsed_arrays(pickle("}(C\x06labels" + list + "u")).arrays.size(), 1u);
  EXPECT_EQ(parsed_arrays(pickle("}(K\x01" + list + "u")).arrays.count("1"), 1u);
}

TEST(PickledArrays, DictionariesInDictionaries) {
  const std::string one = numpy_array(numpy_type("f4"), nums({1}), raw<float>({2.5F}));
  const auto found =
      parsed_arrays(pickle(dict({{"train", dict({{"z", one}, {"y", dict({{"x", one}})}})}})));
  EXPECT_EQ(found.arrays.size(), 2u);
  EXPECT_EQ(found.arrays.at("train.z").as<float>()[0], 2.5F);
  EXPECT_EQ(found.arrays.at("train.y.x").as<float>()[0], 2.5F);
  // A dictionary that holds itself.
  EXPECT_EQ(
      parsed_arrays(pickle("}q\x01" + str("a") + "h\x01s" + str("z") + one + "s")).arrays.size(),
      1u);
}

TEST(PickledArrays, WhatIsNoNumberIsLeftOut) {
  const std::string one = numpy_array(numpy_type("f4"), nums({1}), raw<float>({2.5F}));
  const std::string names = numpy_array(numpy_type("U1"), nums({1}), raw<float>({0}));
  EXPECT_EQ(parsed_arrays(pickle(dict({{"z", one}, {"names", names}}))).arrays.size(), 1u);
  EXPECT_THAT(arrays_fault(pickle(names)),
              HasSubstr("expected numbers, found elements of NumPy's type 'U1'"));
  EXPECT_THAT(arrays_fault(pickle(global("a", "B") + ")R")),
              HasSubstr("an object of the class a.B"));
}

TEST(PickledArrays, ArraysThatPythonWroteInEveryProtocol) {
  // pickle.dumps({"x": numpy.array([[1, 300], [7, 65535]], "uint16")}, protocol)
  const std::string bytes("\x01\x00\x2c\x01\x07\x00\xff\xff", 8);
  const std::string encoded = "V\\u0001\\u0000,\\u0001\\u0007\\u0000\xff\xff\n";
  const std::string utf8("\x01\x00,\x01\x07\x00\xc3\xbf\xc3\xbf", 10);
  const auto encode = [](const std::string& text) {
    return global("_codecs", "encode") + "(" + text + str("latin1") + "tR";
  };
  const std::string type = numpy_type("u2");
  const std::string shape = nums({2, 2});
  const std::vector<std::string> files = {
      "(dp0\n" + ("Vx\np1\n" + numpy_array_of(type, shape, encode(encoded), "I00\n")) + "s.",
      "}q\x01(" + str("x") +
          numpy_array_of(type, shape, encode("X" + little_endian(utf8.size(), 4) + utf8)) + "u.",
      pickle(dict({{"x", numpy_array_of(type, shape,
                                        encode("X" + little_endian(utf8.size(), 4) + utf8))}})),
      pickle(dict({{"x", numpy_array(type, shape, bytes)}})),
      pickle(dict({{"x", numpy_buffer(type, shape, bytes)}}))};
  for (const std::string& file : files) {
    const Array array = parsed_arrays(file).arrays.at("x");
    EXPECT_EQ(array.shape(), (Shape{2, 2}));
    EXPECT_THAT(array.to_int64().as<std::int64_t>(), ElementsAre(1, 300, 7, 65535));
  }
}

TEST(PickledArrays, ProtocolZeroOfPython2) {
  const std::string file =
      "(dp1\nS'data'\np2\ncnumpy.core.multiarray\n_reconstruct\np3\n(cnumpy\nndarray\np4\n("
      "I0\ntp5\n"
      "S'b'\np6\ntp7\nRp8\n(I1\n(I2\ntp9\ncnumpy\ndtype\np10\n(S'u1'\np11\nI0\nI1\ntp12\nRp13\n("
      "I3\n"
      "S'|'\np14\nNNNI-1\nI-1\nI0\ntp15\nbI00\nS'\\x01\\''\np16\ntp17\nbsS'labels'\np18\n("
      "lp19\nI3\n"
      "aI4\nasS'big'\np20\n(lp21\nL99L\naF1.5\nas.";
  const PickledArrays found = parsed_arrays(file);
  EXPECT_THAT(found.arrays.at("data").as<std::uint8_t>(), ElementsAre(1, '\''));
  EXPECT_THAT(found.arrays.at("labels").as<std::int64_t>(), ElementsAre(3, 4));
}

TEST(PickledArrays, ListsAndBareArrays) {
  const std::string one = numpy_array(numpy_type("f4"), nums({1}), raw<float>({2.5F}));
  EXPECT_EQ(parsed_arrays(pickle(one)).arrays.at("").as<float>()[0], 2.5F);
  EXPECT_EQ(parsed_arrays(pickle(tuple({one, one}))).arrays.at("1").as<float>()[0], 2.5F);
  EXPECT_THAT(arrays_fault(pickle(num(1))),
              HasSubstr("data_batch_1: expected a pickled dictionary"));
  EXPECT_THAT(arrays_fault("plain text"), HasSubstr("expected a pickled dictionary"));
  EXPECT_THAT(arrays_fault(""), HasSubstr("an empty file"));
}

TEST(PickledArrays, FortranOrderAndNumbersOfNumpy) {
  const std::string shape = nums({2, 2});
  const std::string bytes = "B" + little_endian(4, 4) + "acbd";
  const std::string array = numpy_array_of(numpy_type("u1"), shape, bytes, "\x88");
  const std::string scalar = global("numpy._core.multiarray", "scalar") +
                             tuple({numpy_type("i8"), std::string("C\x08\x05\0\0\0\0\0\0\0", 10)}) +
                             "R";
  const auto found =
      parsed_arrays(pickle(dict({{"x", array}, {"labels", "](" + scalar + num(6) + "e"}})));
  EXPECT_THAT(found.arrays.at("x").as<std::uint8_t>(), ElementsAre('a', 'b', 'c', 'd'));
  EXPECT_THAT(found.arrays.at("labels").as<std::int64_t>(), ElementsAre(5, 6));
}

TEST(PickledArrays, ListsOfNumbersOfAnyKind) {
  const auto scalar = [](const std::string& code, const std::string& bytes,
                         const char* order = "<") {
    return global("numpy.core.multiarray", "scalar") +
           tuple({numpy_type(code, order), "C" + little_endian(bytes.size(), 1) + bytes}) + "R";
  };
  const std::string f4 = scalar("f4", raw<float>({1.5F})), yes = scalar("b1", "\1", "|");
  const std::string i4 = scalar("i4", std::string("\0\0\1\2", 4), ">");
  const auto found = parsed_arrays(pickle(dict({{"x", "](" + f4 + num(2) + "e"},
                                                {"y", "](" + i4 + num(7) + "e"},
                                                {"b", "](\x88" + yes + "\x89" + "e"}})));
  EXPECT_THAT(found.arrays.at("x").as<double>(), ElementsAre(1.5, 2));
  EXPECT_THAT(found.arrays.at("y").as<std::int64_t>(), ElementsAre(258, 7));
  EXPECT_THAT(found.arrays.at("b").as<double>(), ElementsAre(1, 1, 0));
}

TEST(PickledArrays, NothingIsExecutedAndOddArraysAreNamed) {
  const std::string system = global("os", "system") + tuple({str("false")}) + "R";
  EXPECT_TRUE(parsed_arrays(pickle(dict({{"x", system}}))).arrays.empty());
  EXPECT_THAT(
      arrays_fault(pickle(dict({{"x", numpy_array(numpy_type("c8"), nums({1}), "12345678")}}))),
      HasSubstr("data_batch_1: 'x': expected numbers, found elements of NumPy's type 'c8'"));
}

TEST(PickledArrays, MemoryIsInProportionToTheFile) {
  std::string many = "}(" + str("a") +
                     numpy_array(numpy_type("f4"), nums({250000}), std::string(1000000, 'a')) +
                     "q\x07";
  for (int i = 0; i < 100; ++i) many += str(text("s", i)) + "h\x07";
  EXPECT_THAT(arrays_fault(pickle(many + "u")), HasSubstr("far more memory"));
}

TEST(PickledArrays, EveryTruncationIsAnError) {
  const std::string whole = cifar("abcdef");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(arrays_fault(whole.substr(0, size)), "") << size;
  }
}

}  // namespace
}  // namespace nescio::io
