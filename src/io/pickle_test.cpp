#include "io/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/test_folder.h"
#include "io/test_pickle.h"

namespace nescio::io {
namespace {

using namespace test_pickle;
using ::testing::HasSubstr;

class Parsed {
 public:
  explicit Parsed(const std::string& body)
      : bytes_(SharedBytes::copy_of(pickle(body))),
        budget_(bytes_.size(), "a.pth"),
        pickle_(bytes_, "a.pth", budget_) {}
  const PickleValue& operator*() const { return pickle_.root(); }
  const PickleValue* operator->() const { return &pickle_.root(); }

 private:
  SharedBytes bytes_;
  Budget budget_;
  Pickle pickle_;
};
std::string pickle_error(const std::string& body) {
  return error_of([&] { Parsed{body}; });
}

TEST(Pickle, Numbers) {
  EXPECT_EQ(*Parsed(num(-5))->get_if<std::int64_t>(), -5);
  EXPECT_EQ(*Parsed("K\xff")->get_if<std::int64_t>(), 255);
  EXPECT_EQ(*Parsed(std::string("M\x01\x02", 3))->get_if<std::int64_t>(), 0x201);
  EXPECT_EQ(*Parsed("\x8a\x01\xff")->get_if<std::int64_t>(), -1);
  EXPECT_EQ(*Parsed(std::string("\x8a\x00", 2))->get_if<std::int64_t>(), 0);
  EXPECT_EQ(*Parsed(std::string("\x8a\x05\x00\x00\x00\x00\x01", 7))->get_if<std::int64_t>(),
            std::int64_t{1} << 32);
  EXPECT_NE(Parsed("\x8a\x09"
                   "123456789")
                ->get_if<PickleValue::LongInteger>(),
            nullptr);
  EXPECT_EQ(*Parsed(std::string("G\x3f\xf8\0\0\0\0\0\0", 9))->get_if<double>(), 1.5);
  EXPECT_EQ(*Parsed("\x88")->get_if<bool>(), true);
}

TEST(Pickle, Containers) {
  const Parsed parsed(
      "](K\x01K\x02"
      "eK\x03"
      "a");
  const auto* list = parsed->get_if<PickleValue::List>();
  ASSERT_TRUE(list);
  EXPECT_EQ(list->items.size(), 3u);
  EXPECT_EQ(Parsed(dict({{"a", num(1)}, {"b", "N"}}))->get_if<PickleValue::Dict>()->items.size(),
            2u);
  EXPECT_EQ(Parsed("K\x01K\x02\x86")->get_if<PickleValue::Tuple>()->items.size(), 2u);
  const Parsed pairs(global("collections", "OrderedDict") + "](" + tuple({str("a"), num(1)}) +
                     "e\x85R");
  EXPECT_EQ(pairs->get_if<PickleValue::Dict>()->items.size(), 1u);
}

TEST(Pickle, MemoAndSelfReference) {
  EXPECT_EQ(*Parsed(str("a") + "q\x05"
                               "0h\x05")
                 ->get_if<std::string_view>(),
            "a");
  const Parsed parsed(
      "]q\x01h\x01"
      "a");  // a list that holds itself
  EXPECT_EQ(parsed->get_if<PickleValue::List>()->items[0], &*parsed);
  EXPECT_THAT(pickle_error("h\x07"), HasSubstr("nothing was remembered as 7"));
}

TEST(Pickle, SizeEndsWithTheStop) {
  const auto bytes = SharedBytes::copy_of(pickle("N") + "rest");
  Budget budget(bytes.size(), "a");
  EXPECT_EQ(Pickle(bytes, "a", budget).size(), 4u);
}

TEST(Pickle, WhatForeignNamesWouldGiveStaysClosed) {
  const auto type_of = [](const std::string& body) {
    const Parsed parsed(body);
    const auto* object = parsed->get_if<PickleValue::Object>();
    return object ? text(object->type.module, ".", object->type.name) : "";
  };
  EXPECT_EQ(type_of(global("posix", "system") + str("echo") + "\x85R"), "posix.system");
  EXPECT_EQ(type_of(str("builtins") + str("eval") + "\x93" + str("1") + "\x85R"), "builtins.eval");
  // Objects with attributes, elements and entries; objects made by other objects.
  const std::string space = global("argparse", "Namespace") + ")\x81";
  EXPECT_EQ(type_of(space + dict({{"lr", num(1)}}) + "b"), "argparse.Namespace");
  EXPECT_EQ(type_of(space + num(1) + "a"), "argparse.Namespace");
  EXPECT_EQ(type_of(space + str("a") + num(1) + "s"), "argparse.Namespace");
  EXPECT_EQ(type_of(space + ")R"), "argparse.Namespace");
  EXPECT_EQ(type_of(global("m", "A") + ")}\x92"), "m.A");
  EXPECT_EQ(type_of("(im\nA\n"), "m.A");
  EXPECT_EQ(type_of("(" + global("m", "A") + num(1) + "o"), "m.A");
  EXPECT_EQ(type_of("(K\x01\x91"), "builtins.frozenset");
}

TEST(Pickle, DictionariesOfOtherKinds) {
  const auto size = [](const std::string& body) {
    return Parsed(body)->get_if<PickleValue::Dict>()->items.size();
  };
  EXPECT_EQ(size(global("collections", "defaultdict") + global("builtins", "list") + "\x85R" +
                 str("a") + num(1) + "s"),
            1u);
  EXPECT_EQ(size(global("collections", "Counter") + dict({{"a", num(1)}, {"b", num(2)}}) + "\x85R"),
            2u);
}

TEST(Pickle, OtherInstructionsAreRefused) {
  EXPECT_THAT(pickle_error("\x82\x01"), HasSubstr("instruction 130"));  // EXT1
  EXPECT_THAT(pickle_error("\x97"), HasSubstr("instruction 151"));      // NEXT_BUFFER
}

TEST(Pickle, TheTextOfProtocolZero) {
  EXPECT_EQ(*Parsed("I-5\n")->get_if<std::int64_t>(), -5);
  EXPECT_EQ(*Parsed("I01\n")->get_if<bool>(), true);
  EXPECT_EQ(*Parsed("L7L\n")->get_if<std::int64_t>(), 7);
  EXPECT_EQ(*Parsed("F-0.5\n")->get_if<double>(), -0.5);
  EXPECT_EQ(*Parsed("S'it\\'s\\x41\\n'\n")->get_if<std::string_view>(), "it'sA\n");
  EXPECT_EQ(*Parsed("V\xe9\\u20ac\n")->get_if<std::string_view>(), "\xc3\xa9\xe2\x82\xac");
  EXPECT_EQ(*Parsed("Va\np1\n0g1\n")->get_if<std::string_view>(), "a");
  for (const std::string body :
       {"Ix\n", "I\n", "I5", "F\n", "Sa\n", "S'\\q'\n", "V\\u12\n", "gx\n"}) {
    EXPECT_THAT(pickle_error(body), HasSubstr("damaged pickle at byte")) << body;
  }
}

TEST(Pickle, BytesOfProtocolTwo) {
  const std::string encode = global("_codecs", "encode");
  EXPECT_EQ(
      *Parsed(encode + "(" + str("a\xc3\xbf") + str("latin1") + "tR")->get_if<std::string_view>(),
      "a\xff");
  EXPECT_EQ(*Parsed(global("__builtin__", "bytes") + ")R")->get_if<std::string_view>(), "");
  EXPECT_THAT(pickle_error(encode + "(" + str("\xe2\x82\xac") + str("latin1") + "tR"),
              HasSubstr("damaged pickle"));
}

TEST(Pickle, DamageIsAnErrorWithThePlace) {
  for (const std::string body : {"",
                                 "t",
                                 "0",
                                 "(",
                                 "a",
                                 "]a",
                                 "NNs",
                                 "}N(u",
                                 "(((",
                                 "R",
                                 "NR",
                                 "NNR",
                                 "N)R",
                                 "(o",
                                 "Q",
                                 "2",
                                 "b",
                                 "NNb",
                                 "K\x01K\x02\x87",
                                 "X\xff\xff\xff\xff"
                                 "abc",
                                 "\x8d\xff\xff\xff\xff\xff\xff\xff\xff",
                                 "cabc",
                                 "\x93",
                                 "q\x01"}) {
    EXPECT_THAT(pickle_error(body), HasSubstr("a.pth: damaged pickle at byte")) << body;
  }
  Budget budget(0, "a.pth");
  EXPECT_THAT(error_of([&] { Pickle({}, "a.pth", budget); }), HasSubstr("ends too early"));
}

TEST(Pickle, MemoryIsBounded) {
  // A list of 1000 items, made into a dictionary again and again.
  std::string bomb = global("collections", "OrderedDict") +
                     "q\x01"
                     "0](" +
                     tuple({num(1), num(2)}) + "q\x02";
  for (int i = 0; i < 1000; ++i) bomb += "h\x02";
  bomb += "eq\x03";
  for (int i = 0; i < 10000; ++i) bomb += "h\x01h\x03\x85R";
  EXPECT_THAT(pickle_error(bomb), HasSubstr("far more memory"));
  EXPECT_THAT(pickle_error(std::string(1'000'000, ']')), HasSubstr("far more memory"));
  EXPECT_NE(pickle_error(std::string(1'000'000, '(')), "");
}

TEST(Pickle, DeepNestingNeedsNoDeepStack) {
  // A text that is dropped again makes the file large enough for so many values.
  std::string deep("X\0\0\x10\0", 5);
  deep += std::string(1 << 20, 'x') + "0)";
  for (int i = 0; i < 100'000; ++i) deep += "\x85";
  EXPECT_EQ(pickle_error(deep), "");
}

}  // namespace
}  // namespace nescio::io
