#include "image/loading/batch_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "io/test_folder.h"

namespace nescio::image {
namespace {

using Items = std::vector<std::size_t>;

std::vector<BatchItems> all_items(std::size_t pictures, const LoaderOptions& options) {
  BatchOrder order(pictures, options);
  std::vector<BatchItems> batches;
  for (std::size_t n = 0; n < order.batches(); ++n) batches.push_back(order.at(n));
  return batches;
}

/// The pictures of all batches, one after the other.
Items items(std::size_t pictures, const LoaderOptions& options) {
  Items out;
  for (const BatchItems& batch : all_items(pictures, options)) {
    out.insert(out.end(), batch.items.begin(), batch.items.end());
  }
  return out;
}

TEST(BatchOrder, CutsTheStoredOrderIntoBatches) {
  const auto batches = all_items(7, {.batch = 3});
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0].items, (Items{0, 1, 2}));
  EXPECT_EQ(batches[1].items, (Items{3, 4, 5}));
  EXPECT_EQ(batches[2].items, (Items{6}));
}

TEST(BatchOrder, BeginsWhereItIsTold) {
  EXPECT_EQ(items(10, {.batch = 4, .first = 8}), (Items{8, 9}));
  EXPECT_TRUE(all_items(10, {.batch = 4, .first = 10}).empty());
  EXPECT_TRUE(all_items(0, {.batch = 4}).empty());
  EXPECT_TRUE(all_items(10, {.batch = 4, .epochs = 0}).empty());
}

TEST(BatchOrder, EachEpochHasEveryPictureInAnotherOrder) {
  const LoaderOptions options{.batch = 8, .epochs = 3, .seed = 5, .order = Order::shuffled};
  const Items given = items(100, options);
  ASSERT_EQ(given.size(), 300u);
  std::vector<Items> epochs;
  for (int e = 0; e < 3; ++e) {
    epochs.emplace_back(given.begin() + e * 100, given.begin() + (e + 1) * 100);
    Items sorted = epochs.back();
    std::ranges::sort(sorted);
    for (std::size_t i = 0; i < 100; ++i) ASSERT_EQ(sorted[i], i);
  }
  EXPECT_NE(epochs[0], epochs[1]);
  EXPECT_NE(epochs[1], epochs[2]);
  LoaderOptions other = options;
  other.seed = 6;
  EXPECT_NE(items(100, other), given);
}

TEST(BatchOrder, DropsABatchThatIsNotFull) {
  const auto batches =
      all_items(10, {.batch = 4, .epochs = 2, .order = Order::shuffled, .drop_last = true});
  ASSERT_EQ(batches.size(), 4u);
  for (const BatchItems& batch : batches) EXPECT_EQ(batch.items.size(), 4u);
  EXPECT_EQ(BatchOrder::batches_per_epoch(10, 4, true), 2u);
  EXPECT_EQ(BatchOrder::batches_per_epoch(10, 4, false), 3u);
  EXPECT_TRUE(all_items(3, {.batch = 4, .epochs = 9, .drop_last = true}).empty());
}

TEST(BatchOrder, NumbersItsEpochs) {
  std::vector<std::size_t> epochs;
  for (const BatchItems& batch :
       all_items(10, {.batch = 4, .first = 8, .first_epoch = 5, .epochs = 3})) {
    epochs.push_back(batch.epoch);
  }
  EXPECT_EQ(epochs, (std::vector<std::size_t>{5, 6, 6, 6, 7, 7, 7}));
}

TEST(BatchOrder, AnswersInAnyOrder) {
  const LoaderOptions options{.batch = 8, .epochs = 6, .order = Order::shuffled};
  const auto expected = all_items(50, options);
  BatchOrder order(50, options);
  for (const std::size_t n : {40u, 0u, 41u, 7u, 20u, 1u}) {
    EXPECT_EQ(order.at(n).items, expected[n].items) << n;
  }
}

TEST(BatchOrder, ReadsOnFromAnOffsetThatEachEpochDraws) {
  const Items given = items(10, {.batch = 4,
                                 .epochs = 20,
                                 .order = Order::from_offset,
                                 .drop_last = true,
                                 .epoch_batches = 3});
  ASSERT_EQ(given.size(), 240u);  // 12 pictures in each epoch, two of them again
  std::set<std::size_t> offsets;
  for (std::size_t e = 0; e < 20; ++e) {
    for (std::size_t i = 0; i < 12; ++i) {
      EXPECT_EQ(given[e * 12 + i], (given[e * 12] + i) % 10);
    }
    offsets.insert(given[e * 12]);
  }
  EXPECT_GT(offsets.size(), 5u);
}

TEST(BatchOrder, ReadsFewPicturesAgainWhereAnEpochIsLong) {
  const auto batches = all_items(3, {.batch = 4, .first = 4, .epochs = 2, .epoch_batches = 2});
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0].items, (Items{1, 2, 0, 1}));
  EXPECT_EQ(batches[1].items, (Items{0, 1, 2, 0}));
  EXPECT_TRUE(all_items(0, {.batch = 4, .epoch_batches = 2}).empty());
}

TEST(BatchOrder, PartsJoinedAreTheWhole) {
  for (const Order order : {Order::as_stored, Order::shuffled, Order::from_offset}) {
    LoaderOptions options{.batch = 7, .first = 7, .epochs = 2, .order = order};
    const auto whole = all_items(31, options);
    for (const std::size_t parts : {2u, 3u, 7u, 9u}) {
      std::vector<Items> joined(whole.size());
      for (std::size_t part = 0; part < parts; ++part) {
        options.part = part;
        options.parts = parts;
        const auto batches = all_items(31, options);
        ASSERT_EQ(batches.size(), whole.size());
        for (std::size_t n = 0; n < whole.size(); ++n) {
          EXPECT_EQ(batches[n].epoch, whole[n].epoch);
          const Items& mine = batches[n].items;
          joined[n].insert(joined[n].end(), mine.begin(), mine.end());
        }
      }
      for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(joined[n], whole[n].items);
      options.parts = 1;
      options.part = 0;
    }
  }
}

TEST(BatchOrder, PartsAreAboutEqual) {
  const auto sizes = [](std::size_t parts) {
    std::vector<std::pair<std::size_t, std::size_t>> sizes;  // of a full batch, of the last
    for (std::size_t part = 0; part < parts; ++part) {
      const auto batches = all_items(12, {.batch = 10, .part = part, .parts = parts});
      sizes.emplace_back(batches[0].items.size(), batches[1].items.size());
    }
    return sizes;
  };
  using Sizes = std::vector<std::pair<std::size_t, std::size_t>>;
  EXPECT_EQ(sizes(2), (Sizes{{5, 1}, {5, 1}}));
  EXPECT_EQ(sizes(4), (Sizes{{2, 0}, {3, 1}, {2, 0}, {3, 1}}));
  EXPECT_EQ(BatchOrder(12, {.batch = 10}).rows(), 10u);
  EXPECT_EQ(BatchOrder(12, {.batch = 10, .parts = 2}).rows(), 5u);
  EXPECT_EQ(BatchOrder(12, {.batch = 10, .parts = 4}).rows(), 3u);
}

TEST(BatchOrder, RefusesWhatIsNoBatchOrPart) {
  EXPECT_NE(io::error_of([] { BatchOrder(2, {.batch = 0}); }), "");
  EXPECT_EQ(io::error_of([] { BatchOrder(2, {.part = 2, .parts = 2}); }),
            "loader: expected a part below parts=2, found 2");
  EXPECT_NE(io::error_of([] { BatchOrder(2, {.parts = 0}); }), "");
}

}  // namespace
}  // namespace nescio::image
