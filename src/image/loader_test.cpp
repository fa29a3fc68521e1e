#include "image/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>

#include "base/error.h"
#include "io/test_folder.h"

namespace nescio::image {
namespace {

const Preprocessing tiny{.height = 2, .width = 1};

/// Picture i is grey of value i, label i % 3, index 100 + i; one may be broken.
class Counting final : public Dataset {
 public:
  explicit Counting(std::size_t size, std::size_t broken = 1000000)
      : size_(size), broken_(broken) {}
  std::size_t size() const override { return size_; }
  Sample load(std::size_t i) const override {
    if (i == broken_) fail("picture ", i, " is broken");
    const auto value = static_cast<std::uint8_t>(i);
    return {{2, 1, 1, {value, value}},
            static_cast<std::int64_t>(i % 3),
            static_cast<std::int64_t>(100 + i)};
  }
  std::string hash() const override { return "none"; }

 private:
  std::size_t size_, broken_;
};

std::vector<ImageBatch> all(const Dataset& dataset, const LoaderOptions& options) {
  Loader loader(dataset, tiny, options);
  std::vector<ImageBatch> batches;
  for (ImageBatch batch; loader.next(batch);) batches.push_back(batch);
  ImageBatch unused;
  EXPECT_FALSE(loader.next(unused));
  return batches;
}

TEST(Loader, GivesEveryPictureInOrder) {
  const auto batches = all(Counting(7), {.batch = 3, .workers = 2});
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[2].count, 1u);
  EXPECT_EQ(batches[1].index, (std::vector<std::int64_t>{103, 104, 105}));
  EXPECT_EQ(batches[1].labels, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_FLOAT_EQ(batches[1].images[6], 4.0f / 255.0f);
}

TEST(Loader, FillsTheLastBatchWithZeros) {
  const auto batches = all(Counting(4), {.batch = 3, .workers = 1});
  ASSERT_EQ(batches.back().images.size(), 18u);
  for (std::size_t i = 6; i < 18; ++i) EXPECT_EQ(batches.back().images[i], 0.0f);
}

TEST(Loader, BeginsWhereItIsTold) {
  const auto batches = all(Counting(10), {.batch = 4, .first = 8, .workers = 3});
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].index, (std::vector<std::int64_t>{108, 109}));
  EXPECT_TRUE(all(Counting(10), {.batch = 4, .first = 10}).empty());
  EXPECT_TRUE(all(Counting(0), {.batch = 4}).empty());
}

TEST(Loader, GivesTheSameForAnyNumberOfWorkers) {
  const Counting dataset(200);
  const auto expected = all(dataset, {.batch = 7, .workers = 1});
  for (const std::size_t workers : {2u, 5u, 40u}) {
    const auto batches = all(dataset, {.batch = 7, .workers = workers});
    ASSERT_EQ(batches.size(), expected.size());
    for (std::size_t i = 0; i < batches.size(); ++i) {
      EXPECT_EQ(batches[i].images, expected[i].images);
      EXPECT_EQ(batches[i].index, expected[i].index);
    }
  }
}

TEST(Loader, RethrowsInTheBatchThatIsBroken) {
  const Counting dataset(20, 9);
  Loader loader(dataset, tiny, {.batch = 4, .workers = 3});
  ImageBatch batch;
  EXPECT_TRUE(loader.next(batch));
  EXPECT_TRUE(loader.next(batch));
  EXPECT_EQ(io::error_of([&] { loader.next(batch); }), "picture 9 is broken");
}

TEST(Loader, StopsWhenItIsLeftBehind) {
  const Counting dataset(200);
  Loader loader(dataset, tiny, {.batch = 2, .workers = 4});
  ImageBatch batch;
  EXPECT_TRUE(loader.next(batch));
}

/// The pictures of all batches, one after the other.
std::vector<std::int64_t> indices(const Dataset& dataset, const LoaderOptions& options) {
  std::vector<std::int64_t> out;
  for (const ImageBatch& batch : all(dataset, options)) {
    out.insert(out.end(), batch.index.begin(), batch.index.end());
  }
  return out;
}

TEST(Loader, EachEpochHasEveryPictureInAnotherOrder) {
  const Counting dataset(100);
  const LoaderOptions options{.batch = 8, .epochs = 3, .seed = 5, .order = Order::shuffled};
  const auto given = indices(dataset, options);
  ASSERT_EQ(given.size(), 300u);
  std::vector<std::vector<std::int64_t>> epochs;
  for (int e = 0; e < 3; ++e) {
    epochs.emplace_back(given.begin() + e * 100, given.begin() + (e + 1) * 100);
    auto sorted = epochs.back();
    std::ranges::sort(sorted);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(sorted[static_cast<std::size_t>(i)], 100 + i);
  }
  EXPECT_NE(epochs[0], epochs[1]);
  EXPECT_NE(epochs[1], epochs[2]);
  LoaderOptions other = options;
  other.seed = 6;
  EXPECT_NE(indices(dataset, other), given);
}

TEST(Loader, DropsABatchThatIsNotFull) {
  const Counting dataset(10);
  const auto batches =
      all(dataset, {.batch = 4, .epochs = 2, .order = Order::shuffled, .drop_last = true});
  ASSERT_EQ(batches.size(), 4u);
  for (const ImageBatch& batch : batches) EXPECT_EQ(batch.count, 4u);
  EXPECT_EQ(Loader::batches_per_epoch(10, 4, true), 2u);
  EXPECT_EQ(Loader::batches_per_epoch(10, 4, false), 3u);
  EXPECT_TRUE(all(Counting(3), {.batch = 4, .epochs = 9, .drop_last = true}).empty());
}

TEST(Loader, BeginsInTheMiddleOfAnEpoch) {
  const Counting dataset(50);
  for (const bool drop_last : {false, true}) {
    LoaderOptions options{.batch = 8,
                          .epochs = 3,
                          .seed = 1,
                          .order = Order::shuffled,
                          .drop_last = drop_last,
                          .augmentation = Augmentation("crop(padding=1)")};
    const auto whole = all(dataset, options);
    options.first_epoch = 1;
    options.first = 3 * 8;
    options.epochs = 2;
    const auto rest = all(dataset, options);
    const std::size_t skipped = Loader::batches_per_epoch(50, 8, drop_last) + 3;
    ASSERT_EQ(rest.size(), whole.size() - skipped);
    for (std::size_t i = 0; i < rest.size(); ++i) {
      EXPECT_EQ(rest[i].index, whole[skipped + i].index);
      EXPECT_EQ(rest[i].images, whole[skipped + i].images);
    }
  }
}

TEST(Loader, TrainingBatchesDoNotDependOnWorkersOrOnWhatIsKept) {
  const Counting dataset(60);
  LoaderOptions options{.batch = 7,
                        .workers = 1,
                        .epochs = 4,
                        .order = Order::shuffled,
                        .augmentation = Augmentation("crop(padding=1),flip")};
  const auto expected = all(dataset, options);
  for (const std::size_t workers : {3u, 16u}) {
    options.workers = workers;
    options.keep = !options.keep;
    const auto batches = all(dataset, options);
    ASSERT_EQ(batches.size(), expected.size());
    for (std::size_t i = 0; i < batches.size(); ++i) {
      EXPECT_EQ(batches[i].images, expected[i].images);
      EXPECT_EQ(batches[i].labels, expected[i].labels);
    }
  }
}

TEST(Loader, ReadsOnFromAnOffsetThatEachEpochDraws) {
  const Counting dataset(10);
  const auto given = indices(dataset, {.batch = 4,
                                       .epochs = 20,
                                       .order = Order::from_offset,
                                       .drop_last = true,
                                       .epoch_batches = 3});
  ASSERT_EQ(given.size(), 240u);  // 12 pictures in each epoch, two of them again
  std::set<std::int64_t> offsets;
  for (std::size_t e = 0; e < 20; ++e) {
    for (std::size_t i = 0; i < 12; ++i) {
      EXPECT_EQ(given[e * 12 + i], 100 + (given[e * 12] - 100 + static_cast<std::int64_t>(i)) % 10);
    }
    offsets.insert(given[e * 12]);
  }
  EXPECT_GT(offsets.size(), 5u);
}

TEST(Loader, ReadsFewPicturesAgainWhereAnEpochIsLong) {
  const auto batches = all(Counting(3), {.batch = 4, .first = 4, .epochs = 2, .epoch_batches = 2});
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0].index, (std::vector<std::int64_t>{101, 102, 100, 101}));
  EXPECT_EQ(batches[1].index, (std::vector<std::int64_t>{100, 101, 102, 100}));
  EXPECT_TRUE(all(Counting(0), {.batch = 4, .epoch_batches = 2}).empty());
}

TEST(Loader, DecodesOnceWhatItKeeps) {
  struct Counted final : Dataset {
    mutable std::atomic<int> loads{0};
    std::size_t size() const override { return 10; }
    Sample load(std::size_t i) const override {
      ++loads;
      return Counting(10).load(i);
    }
    std::string hash() const override { return {}; }
  };
  const Counted dataset;
  all(dataset, {.batch = 3, .workers = 4, .epochs = 5, .keep = true});
  EXPECT_EQ(dataset.loads, 10);
}

TEST(Loader, GivesWholePicturesToACropThatComesFirst) {
  struct Squares final : Dataset {
    mutable std::atomic<int> loads{0};
    std::size_t size() const override { return 4; }
    Sample load(std::size_t i) const override {
      ++loads;
      const std::size_t side = i < 2 ? 6 : 2;
      Image image{side, side, 3, std::vector<std::uint8_t>(side * side * 3)};
      image.pixels.back() = 200;
      return {std::move(image)};
    }
    std::string hash() const override { return {}; }
  };
  const Squares dataset;
  const char* whole = "random_resized_crop(scale_min=1,ratio_min=1,ratio_max=1)";
  for (const bool keep : {false, true}) {
    dataset.loads = 0;
    LoaderOptions options{
        .batch = 4, .epochs = 3, .keep = keep, .augmentation = Augmentation(whole)};
    Loader loader(dataset, {.height = 2, .width = 2, .short_side = 3}, options);
    for (ImageBatch batch; loader.next(batch);) {
      // A ninth of the pixel in the corner of the large ones; the centre would have none of it.
      EXPECT_GT(batch.images[11], 0.05f);
      EXPECT_FLOAT_EQ(batch.images[2 * 12 + 11], 200.0f / 255.0f);
    }
    // Those that are no larger than the network's are kept; of the others the first try is lost.
    EXPECT_EQ(dataset.loads, keep ? 2 + 2 * (1 + 3) : 3 * 4);
  }
}

TEST(Loader, RefusesNothingToDo) {
  const Counting dataset(2);
  EXPECT_NE(io::error_of([&] { Loader(dataset, tiny, {.batch = 0}); }), "");
  EXPECT_NE(io::error_of([&] { Loader(dataset, tiny, {.workers = 0}); }), "");
  EXPECT_NE(io::error_of([&] { Loader(dataset, tiny, {.ahead = 0}); }), "");
}

}  // namespace
}  // namespace nescio::image
