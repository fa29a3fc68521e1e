// A split that several processes write, played by threads of which one runs at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bank/feature_bank.h"
#include "base/error.h"
#include "base/test_communicator.h"
#include "io/test_folder.h"

namespace nescio::bank {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

const std::vector<ArrayPlan> array_plan = {{"logits", DType::float32, {2}},
                                           {"labels", DType::int64, {}}};

/// Several processes write rows of {10 r, 10 r + 1} and r.
class TogetherTest : public ::testing::Test {
 protected:
  static constexpr std::size_t rows = 23, unit = 4;

  static void write_unit(SplitWriter& w, Share share) {
    std::vector<float> said;
    std::vector<std::int64_t> of;
    for (std::size_t r = share.first; r < share.first + share.count; ++r) {
      said.insert(said.end(), {10 * static_cast<float>(r), 10 * static_cast<float>(r) + 1});
      of.push_back(static_cast<std::int64_t>(r));
    }
    w.go_to(share.first);
    w.write("logits", Array({share.count, 2}, said));
    w.write("labels", Array({share.count}, of));
    w.commit(share.count);
  }
  /// Each process of `size` writes its rows, of each of their ranges `most` units at most. Returns how many there were
  /// before and how many were written.
  std::pair<std::size_t, std::size_t> write(int size, std::size_t most = 100) {
    std::size_t before = 0, written = 0;
    PlayedProcesses::run(size, [&](Communicator& processes) {
      FeatureBank bank = FeatureBank::open(folder_ / "bank");
      SplitWriter w(bank, "a/test", rows, array_plan, {{"weights", "abc"}}, Rest::dropped,
                    processes);
      before = w.rows_there();
      for (const Share& own : w.own_rows(unit)) {
        const std::size_t end = std::min(own.first + own.count, own.first + most * unit);
        for (std::size_t r = own.first; r < end; r += unit) {
          write_unit(w, {r, std::min(unit, end - r)});
          written += std::min(unit, end - r);
        }
      }
      processes.wait_for_all();
      if (most < 100) return;
      w.finish();
      EXPECT_EQ(bank.rows("a/test"), rows);
    });
    return {before, written};
  }
  void expect_all_there() const {
    const FeatureBank bank = FeatureBank::open(folder_ / "bank");
    bank.verify();
    const Array said = bank.array("a/test", "logits");
    const Array of = bank.array("a/test", "labels");
    for (std::size_t r = 0; r < rows; ++r) {
      EXPECT_EQ(said.as<float>()[2 * r + 1], 10 * static_cast<float>(r) + 1);
      EXPECT_EQ(of.as<std::int64_t>()[r], static_cast<std::int64_t>(r));
    }
    EXPECT_FALSE(fs::exists(partial()));
    for (const auto& file : fs::directory_iterator(folder_ / "bank/a/test")) {
      EXPECT_EQ(file.path().extension(), ".npy") << file.path();
    }
  }
  fs::path partial() const { return folder_ / "bank/.partial"; }

  io::TestFolder folder_;
  FeatureBank bank_ = FeatureBank::open_or_create(folder_ / "bank");
};

TEST_F(TogetherTest, WriteDisjointRows) {
  for (const int size : {1, 2, 3, 8}) {
    EXPECT_EQ(write(size), (std::pair<std::size_t, std::size_t>{0, rows}));
    expect_all_there();
  }
}

TEST_F(TogetherTest, GoOnInAnotherNumber) {
  const auto [none, first] = write(3, 1);
  EXPECT_EQ(none, 0u);
  const auto [before, more] = write(2, 1);
  EXPECT_EQ(before, first);
  EXPECT_GT(more, 0u);
  EXPECT_TRUE(fs::exists(partial() / "a/test/journal-1.json"));
  EXPECT_FALSE(fs::exists(partial() / "a/test/journal-2.json"));  // of the three; gathered
  const auto [there, rest] = write(1);
  EXPECT_EQ(there, first + more);
  EXPECT_EQ(there + rest, rows);
  expect_all_there();
}

// The rows of a process whose journal is damaged are written again.
TEST_F(TogetherTest, DoNotTrustAJournalOfOtherFiles) {
  write(2, 1);
  const fs::path journal = partial() / "a/test/journal-1.json";
  const std::string old = io::read_text(journal);
  { SplitWriter(bank_, "a/test", rows, array_plan, {}); }  // another plan: begins anew
  const auto [before, first] = write(2, 1);
  EXPECT_EQ(before, 0u);
  io::write_text(journal, old);
  EXPECT_EQ(write(2, 1).first, first / 2);
  write(1);
  expect_all_there();
}

TEST_F(TogetherTest, LackRowsThatOneHasNotWritten) {
  EXPECT_THAT(io::error_of([&] {
                PlayedProcesses::run(2, [&](Communicator& processes) {
                  FeatureBank bank = FeatureBank::open(folder_ / "bank");
                  SplitWriter w(bank, "a/test", rows, array_plan, {}, Rest::dropped, processes);
                  for (const Share& own : w.own_rows(unit)) {
                    for (std::size_t r = own.first; r < own.first + own.count; r += unit) {
                      if (processes.is_first()) write_unit(w, {r, unit});
                    }
                  }
                  w.finish();
                });
              }),
              HasSubstr("expected 23 rows, found 12"));
}

}  // namespace
}  // namespace nescio::bank
