#include "train/run_log.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/csv.h"
#include "io/test_folder.h"

namespace nescio::train {
namespace {

std::vector<std::vector<std::string>> csv_of(const io::TestFolder& run) {
  return io::parse_csv(io::read_text(run / "metrics.csv"), "csv");
}

MetricsRow row(std::int64_t step, std::vector<std::pair<std::string, double>> values) {
  return {step, 0, "train", std::move(values)};
}

TEST(RunLog, HasAColumnForEveryValue) {
  const io::TestFolder run;
  {
    RunLog log(run.path(), 0);
    log.write(row(1, {{"loss", 2}, {"ce", 1}}));
    log.write({1, 0, "val", {{"loss", 3}, {"accuracy", 0.5}}});
    log.write(row(2, {{"loss", 1}, {"ce", 1}, {"late", 7}}));
    log.write(row(3, {{"loss", std::numeric_limits<double>::infinity()}}));
  }
  const auto rows = csv_of(run);
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(join(rows[0]),
            "step, epoch, split, lr, loss, accuracy, images_per_second, rows, ce, late");
  EXPECT_EQ(join(rows[2], ","), "1,0,val,,3.0,0.5,,,,");
  EXPECT_EQ(join(rows[3], ","), "2,0,train,,1.0,,,,1.0,7.0");
  EXPECT_EQ(join(rows[4], ","), "3,0,train,,,,,,,");

  // Resumed after two steps it has the same columns, and goes on.
  {
    RunLog log(run.path(), 2);
    log.write(row(3, {{"loss", 0}}));
  }
  const auto again = csv_of(run);
  ASSERT_EQ(again.size(), 5U);
  EXPECT_TRUE(std::equal(rows.begin(), rows.end() - 1, again.begin()));
  EXPECT_EQ(again[4][4], "0.0");
}

TEST(RunLog, GoesOnWithAFileOfAnySize) {
  const io::TestFolder run;
  {
    std::string lines;
    for (int step = 1; step <= 65; ++step) {  // 65 MiB, most of it blanks
      lines += text(R"({"step":)", step, R"(,"split":"train","loss":1)", std::string(1 << 20, ' '),
                    "}\n");
    }
    io::write_text(run / "metrics.jsonl", lines + R"({"step":66,"split")");
  }
  RunLog log(run.path(), 80);
  log.write(row(66, {{"loss", 0.5}}));
  const auto rows = csv_of(run);
  ASSERT_EQ(rows.size(), 67U);
  EXPECT_EQ(rows[66][0], "66");
  EXPECT_LT(std::filesystem::file_size(run / "metrics.jsonl"), 10000U);
}

}  // namespace
}  // namespace nescio::train
