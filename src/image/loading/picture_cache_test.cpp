#include "image/loading/picture_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/error.h"
#include "image/test_pictures.h"
#include "io/test_folder.h"

namespace nescio::image {
namespace {

/// Picture i is one of `pictures`, in turn; its label is i. Counts how often each is asked for.
class Counted final : public Dataset {
 public:
  Counted(std::size_t size, std::vector<Image> pictures)
      : pictures_(std::move(pictures)), loads_(size) {}
  std::size_t size() const override { return loads_.size(); }
  Sample load(std::size_t i) const override {
    ++loads_[i];
    const Image& picture = pictures_[i % pictures_.size()];
    if (picture.pixels.empty()) fail("picture ", i, " is broken");
    return {picture, static_cast<std::int64_t>(i), 0};
  }
  std::string hash() const override { return {}; }

  /// By picture.
  std::vector<int> loads() const { return {loads_.begin(), loads_.end()}; }

 private:
  std::vector<Image> pictures_;
  mutable std::vector<std::atomic<int>> loads_;
};

const Preprocessor colours({.height = 4, .width = 3});
const Preprocessor grey({.height = 4, .width = 3, .channels = "grey", .mean = {0}, .std = {1}});

/// Has `threads` threads ask for every picture `times` times.
void ask(PictureCache& cache, std::size_t pictures, std::size_t threads, std::size_t times) {
  std::vector<std::thread> running;
  for (std::size_t t = 0; t < threads; ++t) {
    running.emplace_back([&] {
      for (std::size_t i = 0; i < times * pictures; ++i) {
        EXPECT_EQ(cache.sample(i % pictures).label, static_cast<std::int64_t>(i % pictures));
      }
    });
  }
  for (std::thread& thread : running) thread.join();
}

TEST(PictureCache, DecodesOnceWhatItKeeps) {
  for (const Preprocessor* network : {&colours, &grey}) {
    const Counted dataset(10, {pattern(9, 7, 3), pattern(9, 7, 1), pattern(4, 3, 3)});
    PictureCache cache(dataset, *network, {.keep = true});
    ask(cache, 10, 4, 5);
    EXPECT_EQ(dataset.loads(), std::vector<int>(10, 1)) << network->size();
  }
}

TEST(PictureCache, DecodesEachTimeWhatIsTooLarge) {
  // Whole pictures of 36 bytes, as many as the network's colours have, and of 37 and more.
  const Counted dataset(3, {pattern(4, 3, 3), pattern(37, 1, 1), pattern(5, 3, 3)});
  for (const Preprocessor* network : {&colours, &grey}) {
    PictureCache cache(dataset, *network, {.whole = true, .keep = true});
    ask(cache, 3, 1, 3);
  }
  EXPECT_EQ(dataset.loads(), (std::vector<int>{2, 6, 6}));
}

TEST(PictureCache, DecodesEachTimeWhereNothingIsKept) {
  const Counted dataset(2, {pattern(4, 3, 3)});
  PictureCache cache(dataset, colours, {});
  ask(cache, 2, 1, 3);
  EXPECT_EQ(dataset.loads(), (std::vector<int>{3, 3}));
}

TEST(PictureCache, GivesTheSameFirstAndLater) {
  const Counted dataset(2, {pattern(9, 7, 3), pattern(4, 3, 1)});
  for (const bool whole : {false, true}) {
    PictureCache cache(dataset, colours, {.whole = whole, .keep = true});
    for (int time = 0; time < 2; ++time) {
      for (std::size_t i = 0; i < 2; ++i) {
        const Image loaded = dataset.load(i).image;
        const Image expected = whole ? loaded : colours.fit(loaded);
        const Image found = cache.sample(i).image;
        EXPECT_EQ(found.pixels, expected.pixels);
        EXPECT_EQ(found.height, expected.height);
        EXPECT_EQ(found.channels, expected.channels);
      }
    }
  }
}

TEST(PictureCache, SaysEachTimeWhatIsBroken) {
  const Counted dataset(2, {pattern(4, 3, 3), Image{}});
  PictureCache cache(dataset, colours, {.keep = true});
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(io::error_of([&] { cache.sample(1); }), "picture 1 is broken");
  }
}

}  // namespace
}  // namespace nescio::image
