#include "image/datasets/kept.h"

#include <gtest/gtest.h>

#include "image/datasets/subset.h"

namespace nescio::image {
namespace {

/// Ten pictures of 12 bytes that count how often they are decoded and hashed.
class CountingReads final : public Dataset {
 public:
  CountingReads(std::vector<int>& decoded, int& hashed) : decoded_(decoded), hashed_(hashed) {}
  std::size_t size() const override { return decoded_.size(); }
  Sample load(std::size_t i) const override {
    ++decoded_[i];
    Sample sample;
    sample.image.height = sample.image.width = 2;
    sample.image.channels = 3;
    sample.image.pixels.assign(12, static_cast<std::uint8_t>(i));
    sample.label = static_cast<std::int64_t>(i);
    sample.index = static_cast<std::int64_t>(10 * i);
    return sample;
  }
  std::int64_t label(std::size_t i) const override { return static_cast<std::int64_t>(i); }
  std::string hash() const override {
    ++hashed_;
    return "hash";
  }

 private:
  std::vector<int>& decoded_;
  int& hashed_;
};

TEST(Kept, EachPictureIsDecodedOnceWhileThereIsRoom) {
  std::vector<int> decoded(10);
  int hashed = 0;
  const auto budget = std::make_shared<MemoryBudget>(7 * 12 + 5);
  const auto kept = kept_in_memory(std::make_unique<CountingReads>(decoded, hashed), budget);
  for (int pass = 0; pass < 3; ++pass) {
    for (std::size_t i = 0; i < kept->size(); ++i) {
      const Sample sample = kept->load(i);
      EXPECT_EQ(sample.image.pixels, std::vector<std::uint8_t>(12, static_cast<std::uint8_t>(i)));
      EXPECT_EQ(sample.index, static_cast<std::int64_t>(10 * i));
    }
    EXPECT_EQ(kept->hash(), "hash");
  }
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(decoded[i], 1) << i;
  for (std::size_t i = 7; i < 10; ++i) EXPECT_EQ(decoded[i], 3) << i;  // in each pass
  EXPECT_EQ(hashed, 1);
  EXPECT_FALSE(budget->take(12));
  EXPECT_TRUE(budget->take(5));
}

TEST(EvenlySpread, TakesSoManyFromTheWholeLength) {
  std::vector<int> decoded(10);
  int hashed = 0;
  const auto some = evenly_spread(std::make_unique<CountingReads>(decoded, hashed), 4);
  ASSERT_EQ(some->size(), 4u);
  std::vector<std::int64_t> labels;
  for (std::size_t i = 0; i < 4; ++i) labels.push_back(some->label(i));
  EXPECT_EQ(labels, (std::vector<std::int64_t>{0, 2, 5, 7}));
  EXPECT_EQ(evenly_spread(std::make_unique<CountingReads>(decoded, hashed), 10)->size(), 10u);
  EXPECT_EQ(evenly_spread(std::make_unique<CountingReads>(decoded, hashed), 99)->size(), 10u);
}

}  // namespace
}  // namespace nescio::image
