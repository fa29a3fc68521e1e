#include "image/loading/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "base/error.h"
#include "base/rng.h"
#include "image/test_pictures.h"
#include "io/test_folder.h"

namespace nescio::image {
namespace {

const Preprocessing tiny{.height = 2, .width = 1};

/// Picture i is grey of value i, label i % 3, index 100 + i; one may be broken.
class CountingDataset final : public Dataset {
 public:
  explicit CountingDataset(std::size_t size, std::size_t broken = 1000000)
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

/// Picture i is a pattern of its own, of varying size, grey where i % 4 = 0, index 100 + i.
class Patterns final : public Dataset {
 public:
  explicit Patterns(std::size_t size) : size_(size) {}
  std::size_t size() const override { return size_; }
  Sample load(std::size_t i) const override {
    ++loads;
    Image image = pattern(8 + i % 3, 9 + i % 5, i % 4 == 0 ? 1 : 3);
    for (std::uint8_t& value : image.pixels) value = static_cast<std::uint8_t>(value + 11 * i);
    return {std::move(image), -1, static_cast<std::int64_t>(100 + i)};
  }
  std::int64_t label(std::size_t) const override { return -1; }
  std::string hash() const override { return "none"; }

  mutable std::atomic<int> loads{0};

 private:
  std::size_t size_;
};

Preprocessing small(std::string channels) {
  Preprocessing p{.height = 6, .width = 7, .channels = std::move(channels)};
  p.mean.assign(p.planes(), 0.4);
  p.std.assign(p.planes(), 0.3);
  return p;
}

std::vector<ImageBatch> all_batches(const Dataset& dataset, const LoaderOptions& options,
                                    const Preprocessing& preprocessing = tiny) {
  Loader loader(dataset, preprocessing, options);
  std::vector<ImageBatch> batches;
  for (ImageBatch batch; loader.next(batch);) batches.push_back(batch);
  ImageBatch unused;
  EXPECT_FALSE(loader.next(unused));
  return batches;
}

TEST(Loader, ReadsTheWantedPlacesOfFullBatches) {
  const Patterns pictures(11);
  for (const bool bytes : {false, true}) {
    LoaderOptions options{
        .batch = 4, .epochs = 2, .order = Order::shuffled, .views = 2, .bytes = bytes};
    const auto whole = all_batches(pictures, options, small("rgb"));
    options.read = {{0, 1}, {2, 1}};
    pictures.loads = 0;
    const auto some = all_batches(pictures, options, small("rgb"));
    EXPECT_EQ(pictures.loads, 2 * (2 + 2 + 3));
    ASSERT_EQ(some.size(), whole.size());
    for (std::size_t n = 0; n < some.size(); ++n) {
      EXPECT_EQ(some[n].items, whole[n].items);
      EXPECT_EQ(some[n].labels, whole[n].labels);
      ASSERT_EQ(some[n].images.size(), whole[n].images.size());
      ASSERT_EQ(some[n].bytes.size(), whole[n].bytes.size());
      const std::size_t values = std::max(some[n].images.size(), some[n].bytes.size()),
                        each = values / 8;
      for (std::size_t row = 0; row < 8; ++row) {
        const std::size_t place = row % 4;
        const bool read = some[n].count < 4 ? place < some[n].count : place == 0 || place == 2;
        for (std::size_t i = row * each; i < (row + 1) * each; ++i) {
          if (bytes) {
            ASSERT_EQ(some[n].bytes[i], read ? whole[n].bytes[i] : 0) << n << ' ' << row;
          } else {
            ASSERT_EQ(some[n].images[i], read ? whole[n].images[i] : 0) << n << ' ' << row;
          }
        }
        if (row < some[n].count) {
          EXPECT_EQ(some[n].index[row], read ? whole[n].index[row] : -1);
        }
      }
    }
  }
}

TEST(Loader, GivesEveryPictureInOrder) {
  const auto batches = all_batches(CountingDataset(7), {.batch = 3, .workers = 2});
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[2].count, 1u);
  EXPECT_EQ(batches[1].index, (std::vector<std::int64_t>{103, 104, 105}));
  EXPECT_EQ(batches[1].labels, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_FLOAT_EQ(batches[1].images[6], 4.0f / 255.0f);
}

TEST(Loader, FillsTheLastBatchWithZeros) {
  // There are places for two batches, so its memory has held another one.
  const auto batches = all_batches(CountingDataset(13), {.batch = 3, .workers = 1, .ahead = 1});
  ASSERT_EQ(batches.back().images.size(), 18u);
  for (std::size_t i = 6; i < 18; ++i) EXPECT_EQ(batches.back().images[i], 0.0f);
}

TEST(Loader, GivesTheSameForAnyNumberOfWorkers) {
  const CountingDataset dataset(200);
  const auto expected = all_batches(dataset, {.batch = 7, .workers = 1});
  for (const std::size_t workers : {2u, 5u, 40u}) {
    const auto batches = all_batches(dataset, {.batch = 7, .workers = workers});
    ASSERT_EQ(batches.size(), expected.size());
    for (std::size_t i = 0; i < batches.size(); ++i) {
      EXPECT_EQ(batches[i].images, expected[i].images);
      EXPECT_EQ(batches[i].index, expected[i].index);
    }
  }
}

TEST(Loader, RethrowsInTheBatchThatIsBroken) {
  const CountingDataset dataset(20, 9);
  Loader loader(dataset, tiny, {.batch = 4, .workers = 3});
  ImageBatch batch;
  EXPECT_TRUE(loader.next(batch));
  EXPECT_TRUE(loader.next(batch));
  EXPECT_EQ(io::error_of([&] { loader.next(batch); }), "picture 9 is broken");
}

TEST(Loader, StopsWhenItIsLeftBehind) {
  const CountingDataset dataset(200);
  Loader loader(dataset, tiny, {.batch = 2, .workers = 4});
  ImageBatch batch;
  EXPECT_TRUE(loader.next(batch));
}

TEST(Loader, BeginsInTheMiddleOfAnEpoch) {
  const CountingDataset dataset(50);
  for (const bool drop_last : {false, true}) {
    LoaderOptions options{.batch = 8,
                          .epochs = 3,
                          .seed = 1,
                          .order = Order::shuffled,
                          .drop_last = drop_last,
                          .augmentation = Augmentation("crop(padding=1)")};
    const auto whole = all_batches(dataset, options);
    options.first_epoch = 1;
    options.first = 3 * 8;
    options.epochs = 2;
    const auto rest = all_batches(dataset, options);
    const std::size_t skipped = Loader::batches_per_epoch(50, 8, drop_last) + 3;
    ASSERT_EQ(rest.size(), whole.size() - skipped);
    for (std::size_t i = 0; i < rest.size(); ++i) {
      EXPECT_EQ(rest[i].index, whole[skipped + i].index);
      EXPECT_EQ(rest[i].images, whole[skipped + i].images);
    }
  }
}

TEST(Loader, TrainingBatchesDoNotDependOnWorkersOrOnWhatIsKept) {
  const CountingDataset dataset(60);
  LoaderOptions options{.batch = 7,
                        .workers = 1,
                        .epochs = 4,
                        .order = Order::shuffled,
                        .augmentation = Augmentation("crop(padding=1),flip")};
  const auto expected = all_batches(dataset, options);
  for (const std::size_t workers : {3u, 16u}) {
    options.workers = workers;
    options.keep = !options.keep;
    const auto batches = all_batches(dataset, options);
    ASSERT_EQ(batches.size(), expected.size());
    for (std::size_t i = 0; i < batches.size(); ++i) {
      EXPECT_EQ(batches[i].images, expected[i].images);
      EXPECT_EQ(batches[i].labels, expected[i].labels);
    }
  }
}

TEST(Loader, DecodesOnceWhatItKeeps) {
  for (const bool colour : {true, false}) {
    const Patterns dataset(10);
    const LoaderOptions options{.batch = 3,
                                .workers = 4,
                                .epochs = 5,
                                .order = Order::shuffled,
                                .keep = true,
                                .augmentation = Augmentation("flip"),
                                .views = 2};
    all_batches(dataset, options, colour ? small("rgb") : small("grey"));
    EXPECT_EQ(dataset.loads, 10) << colour;
  }
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
    // Those that are no larger than the network's are kept.
    EXPECT_EQ(dataset.loads, keep ? 2 + 3 * 2 : 3 * 4);
  }
}

TEST(Loader, SaysWhichPicturesOfWhichEpoch) {
  const auto batches = all_batches(
      CountingDataset(5),
      {.batch = 4, .first = 4, .first_epoch = 6, .epochs = 2, .seed = 3, .order = Order::shuffled});
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0].epoch, 6u);
  EXPECT_EQ(batches[2].epoch, 7u);
  for (const ImageBatch& batch : batches) {
    ASSERT_EQ(batch.items.size(), batch.count);
    for (std::size_t i = 0; i < batch.count; ++i) EXPECT_EQ(batch.index[i], 100 + batch.items[i]);
  }
}

/// Row `row` of `each` values.
std::vector<float> row_of(const std::vector<float>& values, std::size_t row, std::size_t each) {
  const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * each);
  return {begin, begin + static_cast<std::ptrdiff_t>(each)};
}

TEST(Loader, AViewDependsOnSeedNumberAndPictureOnly) {
  const Patterns dataset(7);
  const Preprocessor preprocessor(small("rgb"));
  const std::size_t each = preprocessor.size();
  const std::vector<float> zeros(each);
  for (const std::size_t distinct : {0u, 4u}) {
    const LoaderOptions options{.batch = 5,
                                .workers = 1,
                                .ahead = 1,
                                .first_epoch = 1,
                                .epochs = 2,
                                .seed = 9,
                                .augmentation = Augmentation("crop,flip"),
                                .views = 3,
                                .distinct_views = distinct};
    for (const ImageBatch& batch : all_batches(dataset, options, small("rgb"))) {
      ASSERT_EQ(batch.images.size(), 3 * 5 * each);
      for (std::size_t v = 0; v < 3; ++v) {
        const std::size_t number = batch.epoch * 3 + v;
        for (std::size_t i = 0; i < batch.count; ++i) {
          const auto item = static_cast<std::size_t>(batch.items[i]);
          Image image = preprocessor.fit(dataset.load(item).image);
          options.augmentation.apply(image, preprocessor.network(), mix(9, 2),
                                     distinct == 0 ? number : number % distinct, item);
          std::vector<float> expected(each);
          preprocessor.normalise(image, expected);
          EXPECT_EQ(row_of(batch.images, v * 5 + i, each), expected) << v << " of " << item;
        }
        for (std::size_t i = batch.count; i < 5; ++i) {
          EXPECT_EQ(row_of(batch.images, v * 5 + i, each), zeros);
        }
      }
    }
  }
}

TEST(Loader, ViewsThatWereSeenOnceComeBack) {
  const Patterns dataset(11);
  const std::size_t each = Preprocessor(small("rgb")).size();
  LoaderOptions options{.batch = 4,
                        .seed = 2,
                        .augmentation = Augmentation("random_resized_crop,flip"),
                        .views = 3,
                        .distinct_views = 3};
  std::map<std::pair<std::size_t, std::int64_t>, std::vector<float>> seen;
  for (const ImageBatch& batch : all_batches(dataset, options, small("rgb"))) {
    for (std::size_t row = 0; row < 3 * 4; ++row) {
      if (row % 4 >= batch.count) continue;
      seen[{row / 4, batch.items[row % 4]}] = row_of(batch.images, row, each);
    }
  }
  ASSERT_EQ(seen.size(), 3 * 11u);
  EXPECT_NE((seen[{0, 5}]), (seen[{1, 5}]));
  options.batch = 7;
  options.views = 1;
  options.first_epoch = 4;
  options.epochs = 3;
  options.order = Order::shuffled;
  for (const ImageBatch& batch : all_batches(dataset, options, small("rgb"))) {
    for (std::size_t i = 0; i < batch.count; ++i) {
      const std::pair key(options.view(batch.epoch, 0), batch.items[i]);
      EXPECT_EQ(row_of(batch.images, i, each), seen.at(key));
    }
  }
}

TEST(Loader, PartsJoinedAreTheWhole) {
  const Patterns dataset(23);
  const std::size_t each = Preprocessor(small("rgb")).size();
  LoaderOptions options{.batch = 8,
                        .epochs = 2,
                        .order = Order::shuffled,
                        .augmentation = Augmentation("crop,flip"),
                        .views = 2};
  const auto whole = all_batches(dataset, options, small("rgb"));
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(whole[n].images.size(), 2 * 8 * each);
  options.parts = 3;
  std::vector<std::size_t> begun(whole.size());  // rows of each batch that were compared
  for (options.part = 0; options.part < 3; ++options.part) {
    const auto parts = all_batches(dataset, options, small("rgb"));
    ASSERT_EQ(parts.size(), whole.size());
    for (std::size_t n = 0; n < parts.size(); ++n) {
      const ImageBatch& part = parts[n];
      ASSERT_EQ(part.images.size(), 2 * 3 * each);
      for (std::size_t i = 0; i < part.count; ++i, ++begun[n]) {
        EXPECT_EQ(part.index[i], whole[n].index.at(begun[n]));
        for (const std::size_t v : {0u, 1u}) {
          EXPECT_EQ(row_of(part.images, v * 3 + i, each),
                    row_of(whole[n].images, v * 8 + begun[n], each));
        }
      }
    }
  }
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(begun[n], whole[n].count);
}

/// What the bytes of a batch become, in the order of its images.
std::vector<float> normalised(const std::vector<std::uint8_t>& bytes,
                              const Preprocessor& preprocessor) {
  const auto& tables = preprocessor.tables();
  const std::size_t planes = tables.size();
  const std::size_t plane = preprocessor.size() / planes;
  std::vector<float> values(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t c = i % planes;
    const std::size_t row = i / preprocessor.size();
    values[(row * planes + c) * plane + i / planes % plane] = tables[c][bytes[i]];
  }
  return values;
}

TEST(Loader, ItsBytesBecomeItsImages) {
  const Patterns dataset(7);  // grey ones and colours
  for (const char* channels : {"rgb", "bgr", "grey"}) {
    const Preprocessor preprocessor(small(channels));
    const std::size_t each = preprocessor.size();
    LoaderOptions options{.batch = 5,
                          .workers = 1,
                          .ahead = 1,
                          .epochs = 2,
                          .augmentation = Augmentation("crop,flip"),
                          .views = 2};
    const auto expected = all_batches(dataset, options, small(channels));
    options.bytes = true;
    const auto batches = all_batches(dataset, options, small(channels));
    ASSERT_EQ(batches.size(), expected.size());
    for (std::size_t n = 0; n < batches.size(); ++n) {
      EXPECT_TRUE(batches[n].images.empty());
      EXPECT_TRUE(expected[n].bytes.empty());
      ASSERT_EQ(batches[n].bytes.size(), 2 * 5 * each);
      const std::vector<float> values = normalised(batches[n].bytes, preprocessor);
      for (std::size_t row = 0; row < 2 * 5; ++row) {
        if (row % 5 < batches[n].count) {
          EXPECT_EQ(row_of(values, row, each), row_of(expected[n].images, row, each)) << channels;
        } else {
          const auto* begin = &batches[n].bytes[row * each];
          EXPECT_EQ(std::count(begin, begin + each, 0), static_cast<std::ptrdiff_t>(each));
        }
      }
    }
  }
}

TEST(Loader, FillsBatchesOfAnotherLoader) {
  const Patterns dataset(5);
  ImageBatch batch;
  Loader(dataset, small("rgb"), {.batch = 5, .bytes = true}).next(batch);
  Loader floats(dataset, small("rgb"), {.batch = 2, .workers = 1, .ahead = 1});
  for (int n = 0; n < 3; ++n) {  // as many as it has places: the first one's memory comes back
    ASSERT_TRUE(floats.next(batch));
    EXPECT_TRUE(batch.bytes.empty());
    EXPECT_EQ(batch.images.size(), 2 * Preprocessor(small("rgb")).size());
  }
}

TEST(Loader, RefusesNothingToDo) {
  const CountingDataset dataset(2);
  EXPECT_NE(io::error_of([&] { Loader(dataset, tiny, {.batch = 0}); }), "");
  EXPECT_NE(io::error_of([&] { Loader(dataset, tiny, {.workers = 0}); }), "");
  EXPECT_NE(io::error_of([&] { Loader(dataset, tiny, {.ahead = 0}); }), "");
  EXPECT_NE(io::error_of([&] { Loader(dataset, tiny, {.views = 0}); }), "");
}

}  // namespace
}  // namespace nescio::image
