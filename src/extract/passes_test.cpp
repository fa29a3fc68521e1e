#include "extract/passes.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "base/threads.h"
#include "extract/test_backbone.h"

namespace nescio::extract {
namespace {

/// Pictures 0 .. 40 in batches of 2, by four threads.
class Passes : public testing::Test {
 protected:
  void SetUp() override { set_thread_count(4); }

  void run(const std::function<void(std::int64_t first)>& look,
           const std::function<void(std::int64_t first)>& take) {
    run_passes(
        network_, *image::open_dataset("procedural:shapes?count=41"), {.batch = 2},
        [&](Pass& pass, const image::ImageBatch& batch) {
          look(batch.items.front());
          return std::vector<Array>{pass.outputs().logits};
        },
        [&](const std::vector<Array>& found, const image::ImageBatch& batch) {
          take(batch.items.front());
          EXPECT_EQ(found.front().rows(), 2U);  // filled up
          taken_.insert(taken_.end(), batch.items.begin(), batch.items.end());
        });
  }
  static std::vector<std::int64_t> up_to(std::size_t count) {
    std::vector<std::int64_t> items(count);
    std::iota(items.begin(), items.end(), 0);
    return items;
  }

  TestBackbone network_;
  std::vector<std::int64_t> taken_;
};

constexpr auto nothing = [](std::int64_t) {};

TEST_F(Passes, AreTakenInTheOrderOfThePictures) {
  run(nothing, nothing);
  EXPECT_EQ(taken_, up_to(41));
}

TEST_F(Passes, KeepWhatLiesBeforeAFaultAndNothingBehindIt) {
  const auto fault = [](std::int64_t first) {
    if (first == 22) fail("22");
  };
  EXPECT_THROW(run(fault, nothing), Error);
  EXPECT_EQ(taken_, up_to(22));
  taken_.clear();
  EXPECT_THROW(run(nothing, fault), Error);
  EXPECT_EQ(taken_, up_to(22));
}

TEST_F(Passes, OfSeveralFaultsMindTheFirst) {
  const auto fault = [](std::int64_t first) {
    if (first >= 10) fail(first);
  };
  for (int i = 0; i < 20; ++i) {
    taken_.clear();
    EXPECT_THROW(run(fault, nothing), Error);
    EXPECT_EQ(taken_, up_to(10));
  }
}

}  // namespace
}  // namespace nescio::extract
