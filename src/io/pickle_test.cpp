#include "io/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/test_folder.h"
#include "io/test_pickle.h"

namespace nescio {
namespace {

using namespace test_pickle;
using ::testing::HasSubstr;

class Parsed {
 public:
  explicit Parsed(const std::string& body)
      : bytes_(SharedBytes::copy_of(pickle(body))), pickle_(bytes_.span(), "a.pth") {}
  const PickleValue& operator*() const { return pickle_.root(); }
  const PickleValue* operator->() const { return &pickle_.root(); }

 private:
  SharedBytes bytes_;
  Pickle pickle_;
};
std::string error(const std::string& body) {
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
  EXPECT_THAT(error("h\x07"), HasSubstr("nothing was remembered as 7"));
}

TEST(Pickle, SizeEndsWithTheStop) {
  const auto bytes = SharedBytes::copy_of(pickle("N") + "rest");
  EXPECT_EQ(Pickle(bytes.span(), "a").size(), 4u);
}

TEST(Pickle, ForeignGlobalsAreNamedAndNothingRuns) {
  const std::string message = error(global("posix", "system") + str("echo") + "\x85R");
  EXPECT_THAT(message, HasSubstr("asks for posix.system"));
  EXPECT_THAT(message, HasSubstr("torch.save(model.state_dict(), 'weights.pth')"));
  EXPECT_THAT(error(str("builtins") + str("eval") + "\x93"), HasSubstr("builtins.eval"));
  EXPECT_THAT(error(global("torch", "load")), HasSubstr("torch.load"));
  EXPECT_THAT(error(global("a\x1b[31m", "b")), HasSubstr("a?[31m.b"));
}

TEST(Pickle, OtherInstructionsAreRefused) {
  EXPECT_THAT(error("I5\n"), HasSubstr("instruction 73"));            // a text number
  EXPECT_THAT(error("P1\n"), HasSubstr("instruction 80"));            // a text persistent id
  EXPECT_THAT(error("ios\nsystem\n"), HasSubstr("instruction 105"));  // INST
  EXPECT_THAT(error("(o"), HasSubstr("instruction 111"));             // OBJ
  EXPECT_THAT(error("\x82\x01"), HasSubstr("instruction 130"));       // EXT1
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
                                 "]N\x85R",
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
    EXPECT_THAT(error(body), HasSubstr("a.pth: damaged pickle at byte")) << body;
  }
  EXPECT_THAT(error_of([] { Pickle({}, "a.pth"); }), HasSubstr("ends too early"));
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
  EXPECT_THAT(error(bomb), HasSubstr("more than 4000000 values"));
  EXPECT_THAT(error(std::string(5'000'000, ']')), HasSubstr("more than 4000000 values"));
  EXPECT_NE(error(std::string(5'000'000, '(')), "");
}

TEST(Pickle, DeepNestingNeedsNoDeepStack) {
  std::string deep = ")";
  for (int i = 0; i < 1'000'000; ++i) deep += "\x85";
  EXPECT_EQ(error(deep), "");
}

}  // namespace
}  // namespace nescio
