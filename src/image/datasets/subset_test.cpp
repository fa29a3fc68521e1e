#include "image/datasets/subset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/test_folder.h"

namespace nescio::image {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ParseRows, TakesNumbersAndRangesInTheirOrder) {
  EXPECT_THAT(parse_rows("7,0-2, 5", 8, "index"), ElementsAre(7, 0, 1, 2, 5));
  EXPECT_THAT(parse_rows("3-3", 4, "index"), ElementsAre(3));
  EXPECT_THAT(parse_rows("0-9:4,1", 10, "index"), ElementsAre(0, 4, 8, 1));
  EXPECT_THAT(parse_rows("2-9:9223372036854775807", 10, "index"), ElementsAre(2));
  EXPECT_THAT(io::error_of([] { parse_rows("0-9:0", 10, "index"); }),
              HasSubstr("step of at least 1"));
}

TEST(ParseRows, RefusesWhatIsOutsideOrTwice) {
  const auto fault = [](std::string_view list) {
    return io::error_of([&] { parse_rows(list, 10, "except"); });
  };
  EXPECT_THAT(fault("0-10"), HasSubstr("except: expected numbers up to 9, found 10"));
  EXPECT_THAT(fault("0-9223372036854775807"), HasSubstr("up to 9"));
  EXPECT_THAT(fault("0-99999999999999999999"), HasSubstr("too large"));
  EXPECT_THAT(fault("1,0-3"), HasSubstr("1 is named twice"));
  EXPECT_THAT(fault("5-3"), HasSubstr("no range"));
  EXPECT_THAT(fault("-3"), HasSubstr("no range"));
  EXPECT_THAT(fault("3-"), HasSubstr("whole number"));
  EXPECT_THAT(fault("1,,2"), HasSubstr("expected rows as in 0-99,205"));
  EXPECT_THAT(fault("rows.npy"), HasSubstr("rows.npy"));
}

TEST(ParseClasses, TakesNamesBeforeLabels) {
  const std::vector<std::string> names = {"cat", "dog", "0", "eel"};
  EXPECT_THAT(parse_classes("dog,cat", names, 3), ElementsAre(1, 0));
  EXPECT_THAT(parse_classes("0,3", names, 3), ElementsAre(2, 3));
  EXPECT_THAT(parse_classes("5-7,2", {}, 8), ElementsAre(5, 6, 7, 2));
  const auto fault = [&](std::string_view list) {
    return io::error_of([&] { parse_classes(list, names, 3); });
  };
  EXPECT_THAT(fault("dgo"), HasSubstr("no class 'dgo' among the 4. Did you mean 'dog'"));
  EXPECT_THAT(fault("3-4"), HasSubstr("up to 3, found 4"));
  EXPECT_THAT(fault("eel,3"), HasSubstr("named twice"));
  EXPECT_THAT(io::error_of([] { parse_classes("0", {}, -1); }), HasSubstr("no labels"));
}

/// Six records with labels 2 0 1 2 0 1 and grey values 0 .. 5.
class Select : public testing::Test {
 protected:
  Select() {
    std::string records;
    for (int i = 0; i < 6; ++i) {
      records += static_cast<char>((i + 2) % 3) + std::string(3072, static_cast<char>(i));
    }
    folder_.file("all.bin", records);
    folder_.file("classes.txt", "cat\ndog\neel\n");
  }
  std::unique_ptr<Dataset> open(std::string_view options) const {
    return open_dataset(text("records:", (folder_ / "all.bin").string(), options));
  }
  // Label and grey value of every picture, "2:0 0:1".
  static std::string content(const Dataset& dataset) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < dataset.size(); ++i) {
      const Sample sample = dataset.load(i);
      EXPECT_EQ(sample.label, dataset.label(i));
      EXPECT_EQ(sample.index, sample.image.pixels[0]);
      out.push_back(text(sample.label, ':', int{sample.image.pixels[0]}));
    }
    return join(out, " ");
  }

  io::TestFolder folder_;
};

TEST_F(Select, KeepsAndLeavesOutRows) {
  EXPECT_EQ(content(*open("?index=4,0-1")), "0:4 2:0 0:1");
  EXPECT_EQ(content(*open("?except=1-4")), "2:0 1:5");
  EXPECT_EQ(content(*open("?index=5,3,1&except=3")), "1:5 0:1");
  EXPECT_THAT(io::error_of([&] { open("?except=0-5"); }), HasSubstr("holds no pictures"));
}

TEST_F(Select, NumbersTheClassesAnewInTheOrderOfTheList) {
  const auto two = open("?classes=eel,cat");
  EXPECT_EQ(content(*two), "0:0 1:1 0:3 1:4");
  EXPECT_THAT(two->class_names(), ElementsAre("eel", "cat"));
  EXPECT_EQ(content(*open("?classes=1-2&index=0,2")), "1:0 0:2");
}

TEST_F(Select, HashSeesEveryChoice) {
  const auto hash = [&](std::string_view options) { return open(options)->hash(); };
  EXPECT_EQ(hash("?index=0,1"), hash("?except=2-5"));  // the same pictures
  EXPECT_EQ(hash("?classes=0-2&except=5"), hash("?classes=cat,dog,eel&index=0-4"));
  EXPECT_NE(hash(""), hash("?index=0-4"));
  EXPECT_NE(hash("?classes=0-2"), hash("?classes=0,2,1"));
  EXPECT_NE(hash("?classes=0-2"), hash("?index=0-5"));
}

TEST_F(Select, LeavesOutClasses) {
  EXPECT_EQ(content(*open("?classes=not(dog)")), "1:0 0:1 1:3 0:4");
  EXPECT_EQ(content(*open("?classes=not(0,eel)")), "0:2 0:5");
  EXPECT_THAT(open("?classes=eel,not(eel)")->class_names(), ElementsAre("eel", "cat", "dog"));
  EXPECT_THAT(io::error_of([&] { open("?classes=not(cow)"); }), HasSubstr("no class 'cow'"));
}

TEST_F(Select, KeepsSomeOfEachClass) {
  // RandomState(0).permutation(2) is 1, 0 and RandomState(1).permutation(2) is 0, 1.
  EXPECT_EQ(content(*open("?per_class=1")), content(*open("?per_class=1,0")));
  EXPECT_EQ(content(*open("?per_class=1")), "2:3 0:4 1:5");
  EXPECT_EQ(content(*open("?per_class=1,1")), "2:0 0:1 1:2");
  EXPECT_EQ(content(*open("?per_class=2,7")), content(*open("")));
  EXPECT_EQ(content(*open("?classes=eel,cat&per_class=1")), "0:3 1:4");
  EXPECT_EQ(content(*open("?index=5,0,2,3&per_class=1")), "1:2 2:3");
  EXPECT_NE(open("?per_class=1")->hash(), open("")->hash());
  const auto fault = [&](const char* options) { return io::error_of([&] { open(options); }); };
  EXPECT_THAT(fault("?per_class=3"), HasSubstr("at least 3 pictures of class 0, found 2"));
  EXPECT_THAT(fault("?per_class=0"), HasSubstr("at least 1 picture"));
  EXPECT_THAT(fault("?per_class=1,-1"), HasSubstr("seed in 0 .. 2^32 - 1"));
  EXPECT_THAT(fault("?per_class=1,2,3"), HasSubstr("COUNT or COUNT,SEED"));
  EXPECT_THAT(fault("?per_class=few"), HasSubstr("whole number"));
}

TEST_F(Select, ForgetsLabelsBehindTheChoice) {
  const auto cats = open("?classes=cat&unlabelled=true");
  EXPECT_EQ(content(*cats), "-1:1 -1:4");
  EXPECT_THAT(cats->class_names(), testing::IsEmpty());
  EXPECT_NE(cats->hash(), open("?classes=cat")->hash());
}

/// MixOE's published splits: data set, classes, classes drawn, split, what the permutation begins with.
struct PublishedSplit {
  std::int64_t classes;
  std::uint32_t seed;
  std::vector<std::int64_t> first;
};

TEST(DrawClasses, BeginsAsThePublishedPermutations) {
  const PublishedSplit published[] = {{255, 0, {158, 83, 170}},
                                      {255, 1, {182, 34, 110}},
                                      {255, 2, {53, 13, 144}},
                                      {200, 0, {18, 170, 107}},
                                      {200, 1, {58, 40, 34}},
                                      {200, 2, {112, 29, 182}},
                                      {196, 0, {83, 12, 33}},
                                      {196, 1, {127, 11, 110}},
                                      {196, 2, {10, 79, 165}},
                                      {100, 0, {26, 86, 2}},
                                      {100, 1, {80, 84, 33}},
                                      {100, 2, {83, 30, 56}},
                                      {10, 0, {2, 8, 4, 9, 1, 6, 7, 3, 0, 5}},
                                      {10, 42, {8, 1, 5, 0, 7, 2, 9, 4, 3, 6}}};
  for (auto [classes, seed, first] : published) {
    for (std::size_t count = 1; count <= first.size(); ++count) {
      std::vector<std::int64_t> expected(first.begin(),
                                         first.begin() + static_cast<std::ptrdiff_t>(count));
      std::ranges::sort(expected);
      EXPECT_EQ(draw_classes(classes, static_cast<std::int64_t>(count), seed), expected) << classes;
    }
  }
}

TEST(ParseClasses, LeavesTheClassesThatMixOeHoldsOut) {
  EXPECT_THAT(parse_classes("not_drawn(90,0)", {}, 99),
              ElementsAre(9, 21, 36, 44, 47, 64, 67, 83, 87, 96));
  EXPECT_THAT(parse_classes("not_drawn(90,1)", {}, 99),
              ElementsAre(1, 5, 9, 12, 16, 37, 64, 72, 75, 79));
  EXPECT_THAT(parse_classes("not_drawn(90, 2)", {}, 99),
              ElementsAre(7, 15, 22, 34, 40, 43, 49, 72, 75, 82));
  EXPECT_EQ(parse_classes("drawn(90,0),not_drawn(90,0)", {}, 99).size(), 100u);
  const auto fault = [](const char* list) {
    return io::error_of([&] { parse_classes(list, {}, 9); });
  };
  EXPECT_THAT(fault("drawn(11,0)"), HasSubstr("expected to draw 1 to 10 of 10, found 11"));
  EXPECT_THAT(fault("drawn(3)"), HasSubstr("expected drawn(COUNT,SEED)"));
  EXPECT_THAT(fault("drawn(3,-1)"), HasSubstr("seed in 0 .. 2^32 - 1"));
  EXPECT_THAT(fault("drawn(3,0),0-9"), HasSubstr("named twice"));
}

}  // namespace
}  // namespace nescio::image
