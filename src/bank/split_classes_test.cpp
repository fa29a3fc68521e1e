#include "bank/split_classes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/test_folder.h"

namespace nescio::bank {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class SplitClasses : public testing::Test {
 protected:
  void add(const std::string& split, const std::vector<std::string>& names) {
    nlohmann::json inputs = nlohmann::json::object();
    if (!names.empty()) inputs["class_names"] = names;
    SplitWriter writer(bank_, split, 1, {{"labels", DType::int64, {}}}, inputs);
    writer.write("labels", Array(Shape{1}, std::vector<std::int64_t>{0}));
    writer.commit(1);
    writer.finish();
  }
  std::string fault(const std::vector<std::string>& splits) {
    return io::error_of([&] { check_split_classes(bank_, splits); });
  }

  io::TestFolder folder_;
  FeatureBank bank_ = FeatureBank::open_or_create(folder_ / "bank");
};

TEST_F(SplitClasses, MustAgreeWhereBothSayThem) {
  add("a/train", {"ant", "bee", "cow"});
  add("a/test", {"ant", "bee", "cow"});
  add("a/first", {"ant", "bee"});
  add("a/plain", {});
  add("a/moved", {"bee", "cow"});
  add("a/more", {"ant", "bee", "cow", "dog"});
  EXPECT_EQ(fault({"a/train", "a/test", "", "a/first", "a/plain"}), "");
  EXPECT_EQ(fault({"a/plain"}), "");
  const std::string moved = fault({"a/plain", "", "a/train", "a/moved"});
  EXPECT_THAT(moved, HasSubstr("a/moved: label 0 is 'bee' here and 'ant' in a/train"));
  EXPECT_THAT(moved, HasSubstr("class_names=a/train"));
  EXPECT_THAT(fault({"a/train", "a/more"}),
              HasSubstr("label 3 is 'dog' here and 'no class' in a/train"));
}

TEST_F(SplitClasses, AreNamedWhereOodSetsShareThem) {
  add("a/train", {"ant", "bee"});
  add("b/test", {"bee", "elk"});
  add("c/test", {"elk"});
  add("d/test", {"ant", "bee"});  // the same classes under other conditions
  const Notices said = shared_classes(bank_, {"", "a/train"}, {"b/test", "c/test", "d/test"});
  ASSERT_EQ(said.size(), 1U);
  EXPECT_THAT(said[0], HasSubstr("b/test: 'bee' is a class of a/train too"));
  EXPECT_THAT(shared_classes(bank_, {"c/test"}, {"d/test"}), IsEmpty());
}

}  // namespace
}  // namespace nescio::bank
