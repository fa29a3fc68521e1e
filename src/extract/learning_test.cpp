#include "extract/learning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "extract/extract.h"
#include "extract/test_backbone.h"
#include "io/test_folder.h"

namespace nescio::extract {
namespace {

using testing::HasSubstr;

constexpr const char* training = "procedural:shapes?split=train&count=40";
constexpr const char* tests = "procedural:shapes?count=11";

/// Extraction of procedural pictures with probes that learn.
class Learning : public testing::Test {
 protected:
  Extracted run(const std::string& split, const std::string& probe = "gram(powers=2)",
                const std::string& fit = training, const TestBackbone& network = TestBackbone()) {
    const auto lesson = fit.empty() ? nullptr : image::open_dataset(fit);
    return extract(network, *image::open_dataset(tests), tests, bank_, split,
                   {.batch = 4, .probes = {probe}, .fit = {lesson.get(), fit}});
  }
  Array gram(const std::string& split) const { return bank_.array(split, "gram(powers=2)"); }

  io::TestFolder folder_;
  bank::FeatureBank bank_ = bank::FeatureBank::open_or_create(folder_ / "bank");
};

TEST_F(Learning, IsDoneOnceForABank) {
  const TestBackbone first;
  run("toy/a", "gram(powers=2)", training, first);
  EXPECT_EQ(first.forward_passes, 10 + 3);  // batches of 4: 40 pictures, then 11
  const TestBackbone second;
  run("toy/b", "gram(powers=2)", "", second);
  EXPECT_EQ(second.forward_passes, 3);
  EXPECT_TRUE(std::ranges::equal(gram("toy/a").as<float>(), gram("toy/b").as<float>()));
  EXPECT_TRUE(run("toy/a", "gram(powers=2)", "").was_there());
  EXPECT_EQ(bank_.inputs("toy/a", "gram(powers=2)").at("learned_from").at("data"), training);
}

TEST_F(Learning, NeedsPicturesOnce) {
  EXPECT_THAT(io::error_of([&] { run("toy/a", "gram", ""); }),
              HasSubstr("gram(powers=10) learns from training pictures; name them with fit="));
  // What one network has taught another has not.
  run("toy/a");
  bank::FeatureBank other = bank::FeatureBank::open_or_create(folder_ / "other");
  other.set_learned("gram(powers=2)", *bank_.learned("gram(powers=2)"));
  EXPECT_THAT(io::error_of([&] {
                extract(TestBackbone("v"), *image::open_dataset(tests), tests, other, "toy/a",
                        {.batch = 4, .probes = {"gram(powers=2)"}});
              }),
              HasSubstr("with another network or program"));
}

TEST_F(Learning, FromOtherPicturesIsAnotherArray) {
  run("toy/a");
  const Extracted again = run("toy/b", "gram(powers=2)", "procedural:shapes?split=train&count=41");
  ASSERT_EQ(again.notices.size(), 1u);
  EXPECT_THAT(again.notices[0],
              HasSubstr("gram(powers=2) of toy/a was made when the probe had learned"));
  const Extracted mended = run("toy/a", "gram(powers=2)", "");
  EXPECT_EQ(mended.there.size(), 4u);  // its own array is made again
  EXPECT_TRUE(mended.notices.empty());
}

TEST_F(Learning, IsRepeatedWhereItIsDamaged) {
  run("toy/a");
  const Array before = gram("toy/a");
  io::write_text(folder_ / "bank/.probes/gram(powers=2)/min.pixels.npy", "damage");
  EXPECT_THAT(io::error_of([&] { run("toy/b", "gram(powers=2)", ""); }), HasSubstr("learn again"));
  run("toy/b");
  EXPECT_TRUE(std::ranges::equal(gram("toy/b").as<float>(), before.as<float>()));
}

TEST_F(Learning, LeavesOtherArraysAlone) {
  run("toy/a");
  const Extracted more = run("toy/a", "gram(powers=3)", training);
  EXPECT_TRUE(more.gone.empty());
  EXPECT_TRUE(bank_.has("toy/a", "gram(powers=2)"));
}

}  // namespace
}  // namespace nescio::extract
