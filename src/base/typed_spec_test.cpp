#include "base/typed_spec.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/text.h"

namespace nescio {
namespace {

/// "type|path|options"
std::string parts(const TypedSpec& spec) {
  return std::string(spec.type) + '|' + std::string(spec.path) + '|' + std::string(spec.options);
}
std::string parts(std::string_view spec) { return parts(split_typed_spec(spec)); }

class TypedSpecs : public testing::Test {
 protected:
  TypedSpecs() {
    name_ = testing::UnitTest::GetInstance()->current_test_info()->name();
    folder_ = std::filesystem::path(testing::TempDir()) / ("typed_spec_" + name_);
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~TypedSpecs() override { std::filesystem::remove_all(folder_); }
  std::string add(const char* name) const {
    std::ofstream(folder_ / name) << "x";
    return (folder_ / name).string();
  }
  std::string name_;
  std::filesystem::path folder_;
};

TEST_F(TypedSpecs, HaveATypeAPathAndOptions) {
  EXPECT_EQ(parts("noise:uniform?count=2&side=8"), "noise|uniform|count=2&side=8");
  EXPECT_EQ(parts(" resnet8 : gone.pth"), "resnet8| gone.pth|");
  EXPECT_EQ(parts("resnet8"), "resnet8||");
  EXPECT_EQ(parts("resnet8?mean=a:b"), "resnet8||mean=a:b");
  EXPECT_EQ(parts("files:gone?a?b=c"), "files|gone?a|b=c");
  EXPECT_EQ(parts("files:"), "files||");
}

TEST_F(TypedSpecs, TakeTheLongestPathThatIsThere) {
  const std::string question = add("what?");
  EXPECT_EQ(parts("folder:" + question), "folder|" + question + "|");
  EXPECT_EQ(parts("folder:" + question + "?broken=skip"), "folder|" + question + "|broken=skip");
  const std::string options = add("a?b=c");
  EXPECT_EQ(parts("idx:" + options), "idx|" + options + "|");
  const std::string list = add("list.txt");
  EXPECT_EQ(parts("imglist:" + list + "?root=x?y"), "imglist|" + list + "|root=x?y");
  EXPECT_EQ(parts("npy:" + question + "#m?labels=" + question + "#l"),
            "npy|" + question + "#m|labels=" + question + "#l");
  EXPECT_EQ(parts(split_path(question + "?k=v")), "|" + question + "|k=v");
}

TEST_F(TypedSpecs, TakeFurtherOptions) {
  EXPECT_EQ(with_option("noise:uniform", "count", "2"), "noise:uniform?count=2");
  EXPECT_EQ(with_option("noise:uniform?side=8", "count", "2"), "noise:uniform?side=8&count=2");
  const std::string question = "files:" + add("what?");
  EXPECT_EQ(with_option(question, "broken", "skip"), question + "?broken=skip");
  EXPECT_TRUE(has_option("net:w.th?mean=1&size=9", "size"));
  EXPECT_FALSE(has_option("net:w.th?mean=1&size=9", "siz"));
  EXPECT_FALSE(has_option("net:w.th", "size"));
}

TEST_F(TypedSpecs, HoldAnyValueWithPercentSigns) {
  EXPECT_EQ(option_value("a%26b%28%3F%25%c3%a4"), "a&b(?%\u00e4");
  EXPECT_EQ(option_value("100%&50%x%2"), "100%&50%x%2");
  EXPECT_EQ(written_option("plain/drawn(33,0)[1]?=50% off"), "plain/drawn(33,0)[1]?=50% off");
  EXPECT_EQ(written_option("a&b"), "a%26b");
  for (const char* value : {"a&b", "(", "]x[", "%26", "%2", "100%", "a(b)&{c", "&&"}) {
    EXPECT_EQ(option_value(written_option(value)), value);
    const std::string spec = with_option("files:x?a=b", "root", value);
    EXPECT_EQ(split_top_level(split_typed_spec(spec).options, '&').size(), 2U) << spec;
  }
}

}  // namespace
}  // namespace nescio
