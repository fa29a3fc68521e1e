#include "image/datasets/renumbered.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "io/test_folder.h"

namespace nescio::image {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Names = std::vector<std::string>;

/// Pictures of these classes with labels -1, 0, 1, ...
class Named final : public Dataset {
 public:
  explicit Named(Names names) : names_(std::move(names)) {}
  std::size_t size() const override { return names_.size() + 1; }
  Sample load(std::size_t i) const override { return {{}, label(i), static_cast<std::int64_t>(i)}; }
  std::int64_t label(std::size_t i) const override { return static_cast<std::int64_t>(i) - 1; }
  std::string hash() const override { return "named"; }
  Names class_names() const override { return names_; }

 private:
  Names names_;
};

const Names four = {"ant", "bee", "cow", "dog"};

struct Matched {
  std::vector<std::int64_t> labels;
  Names names;
  std::string hash;
  Notices said;
};

Matched match(const Names& found, LabelUse use) {
  Matched out;
  const auto pictures = in_classes_of(four, "the weights", std::make_unique<Named>(found), use,
                                      "data", [&](const std::string& s) { out.said.push_back(s); });
  for (std::size_t i = 0; i < pictures->size(); ++i) {
    out.labels.push_back(pictures->label(i));
    EXPECT_EQ(pictures->load(i).label, pictures->label(i));
  }
  out.names = pictures->class_names();
  out.hash = pictures->hash();
  return out;
}

TEST(InClassesOf, NumbersAsTheOtherSideDoes) {
  const Matched fewer = match({"bee", "cow", "dog"}, LabelUse::unknown);
  EXPECT_THAT(fewer.labels, ElementsAre(-1, 1, 2, 3));
  EXPECT_EQ(fewer.names, four);
  ASSERT_EQ(fewer.said.size(), 1U);
  EXPECT_THAT(fewer.said[0], HasSubstr("data: the labels are now those of the weights"));
  EXPECT_THAT(fewer.said[0], HasSubstr("0 'bee' becomes 1"));
  const Matched turned = match({"dog", "cow", "bee", "ant"}, LabelUse::answers);
  EXPECT_THAT(turned.labels, ElementsAre(-1, 3, 2, 1, 0));
  EXPECT_NE(turned.hash, fewer.hash);
}

TEST(InClassesOf, LeavesAloneWhatAgrees) {
  for (const Names& found : {four, Names{}}) {
    const Matched same = match(found, LabelUse::answers);
    EXPECT_EQ(same.hash, "named");
    EXPECT_THAT(same.said, IsEmpty());
  }
  const Matched first = match({"ant", "bee"}, LabelUse::answers);
  EXPECT_THAT(first.labels, ElementsAre(-1, 0, 1));
  EXPECT_EQ(first.names, four);
  EXPECT_THAT(first.said, IsEmpty());
}

TEST(InClassesOf, RefusesAnswersThatNobodyKnows) {
  const auto fault = [](const Names& found, LabelUse use) {
    return io::error_of([&] { match(found, use); });
  };
  for (const LabelUse use : {LabelUse::answers, LabelUse::unknown}) {
    const std::string some = fault({"bee", "eel", "fox"}, use);
    EXPECT_THAT(some,
                HasSubstr("data: the classes 'eel', 'fox' are not among the 4 of the weights"));
    EXPECT_THAT(some, HasSubstr("the class 'bee' is"));
    EXPECT_THAT(some, HasSubstr("classes="));
  }
  EXPECT_THAT(fault({"eel", "fox"}, LabelUse::answers), HasSubstr("none of its classes"));
}

TEST(InClassesOf, LeavesOodPicturesTheirOwnLabels) {
  for (const LabelUse use : {LabelUse::unknown, LabelUse::nothing}) {
    const Matched apart = match({"eel", "fox"}, use);
    EXPECT_THAT(apart.labels, ElementsAre(-1, 0, 1));
    EXPECT_THAT(apart.names, ElementsAre("eel", "fox"));
    EXPECT_EQ(apart.said.size(), use == LabelUse::unknown ? 1U : 0U);
  }
  const Matched some = match({"bee", "eel"}, LabelUse::nothing);
  EXPECT_THAT(some.names, ElementsAre("bee", "eel"));
  ASSERT_EQ(some.said.size(), 1U);
  EXPECT_THAT(some.said[0], HasSubstr("the class 'bee' is called like classes of the weights"));
}

}  // namespace
}  // namespace nescio::image
