#include "bank/bank_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "io/test_folder.h"

namespace nescio::bank {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Array integers(std::vector<std::int64_t> values) {
  const Shape shape{values.size()};
  return Array(shape, std::move(values));
}

/// Three rows of two logits, which begin with `first`, and labels.
std::map<std::string, Array> three_rows(float first, std::vector<std::int64_t> labels = {0, 1, 0}) {
  return {{"logits", Array({3, 2}, std::vector<float>{first, 1, 2, 3, 4, 5})},
          {"labels", integers(std::move(labels))}};
}

void write(FeatureBank& bank, const std::string& split, const std::map<std::string, Array>& arrays,
           const nlohmann::json& inputs = nlohmann::json::object()) {
  std::vector<ArrayPlan> plans;
  for (const auto& [name, array] : arrays) {
    plans.push_back({name, array.dtype(), {array.shape().begin() + 1, array.shape().end()}});
  }
  const std::size_t rows = arrays.begin()->second.rows();
  SplitWriter writer(bank, split, rows, plans, inputs);
  for (const auto& [name, array] : arrays) writer.write(name, array);
  writer.commit(rows);
  writer.finish();
}

class BankOnDisk : public testing::Test {
 protected:
  io::TestFolder folder_;
  FeatureBank bank_ = FeatureBank::open_or_create(folder_ / "bank");
};

TEST_F(BankOnDisk, SaysWhatMadeItAsFarAsThatHolds) {
  write(bank_, "a/test", three_rows(7), {{"data", "x"}});
  bank_.set_model({{"network", "n"}});
  bank_.set_head({Array({2, 3}, std::vector<float>(6, 1)), Array({2}, std::vector<float>{1, 2})},
                 {});
  const BankViews views = bank_;
  EXPECT_EQ(views.origin().at("path"), bank_.path().string());
  EXPECT_EQ(views.origin().at("model"), bank_.model());
  EXPECT_EQ(views.origin().at("head"), bank_.head_manifest());
  EXPECT_EQ(views.feature_width(), 3u);  // of the head
  EXPECT_THAT(views.at("a/test").extracted_by,
              testing::StartsWith("nescio extract model=n:WEIGHTS data=x bank="));
  EXPECT_EQ(views.at("a/test").origin, bank_.manifest("a/test"));
  // Hashes of all rows say nothing about some of them.
  EXPECT_TRUE(slice(views.at("a/test"), 0, 2).origin.is_null());

  const BankViews both = side_by_side({{"A", views}, {"B", views}});
  EXPECT_EQ(both.origin("B").at("model"), bank_.model());
  EXPECT_TRUE(both.origin().is_null());
  const nlohmann::json& arrays = both.at("a/test").origin.at("arrays");
  EXPECT_EQ(arrays.at("B/logits"), bank_.manifest("a/test").at("arrays").at("logits"));
  EXPECT_TRUE(arrays.contains("labels"));
}

// A command is for a screen: rows that are listed one by one would fill it.
TEST_F(BankOnDisk, SaysWhereALongSpecStands) {
  std::string spec = "x?index=0";
  for (int i = 1; i < 1000; ++i) spec += text(",", i);
  write(bank_, "a/test", three_rows(7), {{"data", spec}});
  const std::string command = BankViews(bank_).at("a/test").extracted_by;
  EXPECT_LT(command.size(), 400U) << command;
  EXPECT_THAT(command, testing::HasSubstr("data=DATA (what `nescio inspect --json "));
  EXPECT_THAT(command, testing::EndsWith("as=a/test"));
}

TEST_F(BankOnDisk, IsSeenAsItsSplits) {
  write(bank_, "a/test", three_rows(7), {{"class_names", {"ant", "bee"}}, {"data_sha256", "12"}});
  bank_.set_head({Array({2, 3}, std::vector<float>(6, 1)), Array({2}, std::vector<float>{1, 2})},
                 {});
  const BankViews views = bank_;
  ASSERT_TRUE(views.has("a/test"));
  EXPECT_TRUE(views.has("a/test", "logits"));
  EXPECT_FALSE(views.has("a/test", "features"));
  const BankView& view = views.at("a/test");
  EXPECT_EQ(view.name, "a/test");
  EXPECT_EQ(view.rows, 3u);
  EXPECT_EQ(view.classes(), 2u);
  EXPECT_THAT(view.class_names, ElementsAre("ant", "bee"));
  EXPECT_THAT(view.rows_are, HasSubstr("\"12\""));
  EXPECT_EQ(view.arrays.at("logits").shape, (Shape{3, 2}));
  EXPECT_EQ(view.array("logits").as<float>()[0], 7);
  EXPECT_THAT(view.labels().as<std::int64_t>(), ElementsAre(0, 1, 0));
  EXPECT_THAT(view.head()->bias.as<float>(), ElementsAre(1, 2));
  EXPECT_THAT(views.members(), ElementsAre(""));
  EXPECT_THAT(io::error_of([&] { views.at("a/tst"); }), HasSubstr("Did you mean 'a/test'?"));
  EXPECT_THAT(io::error_of([&] { view.array("logit"); }),
              HasSubstr("a/test has no array 'logit'. Did you mean 'logits'?"));
}

TEST_F(BankOnDisk, IsReadArrayByArray) {
  write(bank_, "a/test", three_rows(7));
  std::filesystem::remove(folder_ / "bank/a/test/logits.npy");
  const BankViews views = FeatureBank::open(folder_ / "bank");
  const BankView& view = views.at("a/test");
  EXPECT_EQ(view.arrays.at("logits").shape, (Shape{3, 2}));
  EXPECT_THAT(view.labels().as<std::int64_t>(), ElementsAre(0, 1, 0));
  EXPECT_THAT(io::error_of([&] { view.array("logits"); }), HasSubstr("cannot be read"));
}

TEST(BankViews, AreMadeOfArraysInMemory) {
  const BankView view = view_of("mine", three_rows(7));
  EXPECT_EQ(view.rows, 3u);
  EXPECT_EQ(view.classes(), 2u);
  EXPECT_EQ(view.array("logits").as<float>()[0], 7);
  EXPECT_FALSE(view.head());
  EXPECT_TRUE(view_of("none", {}).labels().empty());
  EXPECT_THAT(io::error_of([&] {
                view_of("mine", {{"a", integers({1})}, {"b", integers({1, 2})}});
              }),
              HasSubstr("mine: expected 1 rows of b as of a, found shape [2]"));
  EXPECT_THAT(io::error_of([&] {
                BankViews({view, view});
              }),
              HasSubstr("two views are called mine"));
}

TEST(BankViews, KnowClassesByHeadLogitsOrLabels) {
  const auto features = Array({3, 1}, std::vector<float>{1, 2, 3});
  const Head head{Array({4, 1}, std::vector<float>(4)), Array({4}, std::vector<float>(4))};
  EXPECT_EQ(view_of("a", {{"features", features}}).classes(), 0u);
  EXPECT_EQ(view_of("a", {{"features", features}}, head).classes(), 4u);
  EXPECT_EQ(view_of("a", {{"features", features}, {"labels", integers({0, 2, 0})}}).classes(), 3u);
  // A label beyond the rows is no reason to count on as many classes.
  EXPECT_EQ(view_of("a", {{"labels", integers({0, std::int64_t{1} << 60, -1})}}).classes(), 3u);
}

TEST(BankViews, OfSomeRowsHaveTheRowsOfEveryArray) {
  const BankView view = view_of("mine", three_rows(7));
  const BankView last = slice(view, 1, 2);
  EXPECT_EQ(last.rows, 2u);
  EXPECT_EQ(last.arrays.at("logits").shape, (Shape{2, 2}));
  EXPECT_THAT(last.array("logits").as<float>(), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(last.labels().as<std::int64_t>(), ElementsAre(1, 0));
  const BankView turned = select(view, {2, 0, 2});
  EXPECT_THAT(turned.array("logits").as<float>(), ElementsAre(4, 5, 7, 1, 4, 5));
  EXPECT_THAT(select(last, {1}).array("logits").as<float>(), ElementsAre(4, 5));
  EXPECT_TRUE(select(view, {}).labels().empty());
  EXPECT_THAT(io::error_of([&] { slice(view, 2, 2); }), HasSubstr("some of its 3 rows"));
  EXPECT_THAT(io::error_of([&] { select(view, {3}); }), HasSubstr("found row 3"));
}

TEST(BankViews, OneAfterAnotherHaveTheRowsOfAll) {
  std::map<std::string, Array> more = three_rows(9, {1, 1, 0});
  more.emplace("odin", Array({3, 2}, std::vector<float>(6)));
  const BankView a = view_of("a", three_rows(7)), b = view_of("b", more);
  const BankView both = one_after_another("a+b", {a, slice(b, 1, 2)});
  EXPECT_EQ(both.rows, 5u);
  EXPECT_THAT(both.parts, ElementsAre("a", "b"));
  EXPECT_THAT(slice(both, 1, 3).parts, IsEmpty());
  EXPECT_FALSE(both.has("odin"));
  for (const auto& [name, array] : both.arrays) {
    const Array first = a.array(name), second = b.array(name).slice(1, 2), all = both.array(name);
    ASSERT_EQ(all.shape(), array.shape) << name;
    ASSERT_EQ(all.bytes(), first.bytes() + second.bytes()) << name;
    const auto* bytes = static_cast<const char*>(all.data());
    EXPECT_EQ(std::memcmp(bytes, first.data(), first.bytes()), 0) << name;
    EXPECT_EQ(std::memcmp(bytes + first.bytes(), second.data(), second.bytes()), 0) << name;
  }
  const BankViews views = BankViews({a}).with(both);
  EXPECT_EQ(views.at("a+b").rows, 5u);
  EXPECT_THROW(views.with(a), Error);
}

TEST(SideBySide, NetworksHaveArraysOfTheirOwnAndTheRowsInCommon) {
  const Head head{Array({2, 1}, std::vector<float>{1, 2}), Array({2}, std::vector<float>(2))};
  const BankView both = side_by_side(
      {{"one", view_of("a", three_rows(7), head)}, {"two", view_of("a", three_rows(8))}});
  EXPECT_EQ(both.array("one/logits").as<float>()[0], 7);
  EXPECT_EQ(both.array("two/logits").as<float>()[0], 8);
  EXPECT_THAT(both.labels().as<std::int64_t>(), ElementsAre(0, 1, 0));
  EXPECT_FALSE(both.has("logits"));
  EXPECT_EQ(both.classes("one"), 2u);
  EXPECT_TRUE(both.head("one"));
  EXPECT_FALSE(both.head("two"));
}

TEST(SideBySide, OtherRowsAreRefused) {
  const auto refusal = [](const BankView& a, const BankView& b) {
    return io::error_of([&] { side_by_side({{"one", a}, {"two", b}}).labels(); });
  };
  const BankView view = view_of("a", three_rows(7));
  EXPECT_THAT(refusal(view, slice(view, 0, 2)),
              AllOf(HasSubstr("a is 3 rows in one"), HasSubstr("2 rows in two")));
  EXPECT_THAT(refusal(view, view_of("a", three_rows(7, {0, 1, 1}))),
              HasSubstr("a/labels: other values in two than in one"));
  EXPECT_THAT(io::error_of([&] {
                side_by_side({{"one", view}, {"one", view}});
              }),
              HasSubstr("twice"));
  BankView other = view;
  other.rows_are = "other pictures";
  EXPECT_THAT(refusal(view, other), HasSubstr("other pictures in two"));
}

TEST(SideBySide, SplitsThatNotAllHaveAreLeftOut) {
  const BankViews two({view_of("a", three_rows(7)), view_of("b", three_rows(7))});
  const BankViews one({view_of("a", three_rows(8))});
  const BankViews both = side_by_side({{"one", two}, {"two", one}});
  EXPECT_TRUE(both.has("a"));
  EXPECT_FALSE(both.has("b"));
  EXPECT_THAT(both.members(), ElementsAre("one", "two"));
}

}  // namespace
}  // namespace nescio::bank
