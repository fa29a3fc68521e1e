#include "statistics/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "base/rng.h"
#include "base/test_communicator.h"
#include "base/threads.h"
#include "io/test_folder.h"
#include "statistics/gaussian_mixture.h"
#include "statistics/k_means.h"
#include "statistics/ledoit_wolf.h"

namespace nescio::statistics {
namespace {

struct Data {
  std::size_t rows, width, classes;
  std::vector<float> x;
  std::vector<std::int64_t> y;

  Data(std::size_t rows_, std::size_t width_, std::size_t classes_, double offset = 0)
      : rows(rows_), width(width_), classes(classes_) {
    Rng rng(rows * 100 + width);
    for (std::size_t i = 0; i < rows * width; ++i)
      x.push_back(static_cast<float>(offset + rng.normal() + 0.1 * static_cast<double>(i % width)));
    for (std::size_t r = 0; r < rows; ++r) y.push_back(static_cast<std::int64_t>(r % classes));
  }
  Split split() const {
    return {"toy/train",
            {{"features", Array({rows, width}, std::vector<float>(x))}},
            Array({y.size()}, std::vector<std::int64_t>(y)),
            classes};
  }
  double value(std::size_t r, std::size_t c) const { return x[r * width + c]; }
};

class StatisticsOf : public testing::TestWithParam<expr::Executor> {
 protected:
  Data data{300, 7, 3};
  std::shared_ptr<expr::Graph> graph = std::make_shared<expr::Graph>();
  expr::Expr x = input(graph, "features", 7);
  Statistics statistics{data.split(), GetParam()};
  double tolerance = GetParam().precision == expr::Precision::float64 ? 1e-12 : 1e-6;

  double mean(std::size_t c, std::optional<std::int64_t> label = {}) const {
    double sum = 0;
    double count = 0;
    for (std::size_t r = 0; r < data.rows; ++r) {
      if (label && data.y[r] != *label) continue;
      sum += data.value(r, c);
      ++count;
    }
    return sum / count;
  }
};

TEST_P(StatisticsOf, AreThoseOfTheFormulas) {
  for (std::size_t c = 0; c < 7; ++c) {
    EXPECT_NEAR(statistics.mean(x)(0, c), mean(c), tolerance);
    for (std::int64_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(statistics.class_mean(x)(static_cast<std::size_t>(k), c), mean(c, k), tolerance);
    }
  }
  for (std::size_t i = 0; i < 7; ++i) {
    for (std::size_t j = 0; j < 7; ++j) {
      double all = 0;
      double within = 0;
      for (std::size_t r = 0; r < data.rows; ++r) {
        all += (data.value(r, i) - mean(i)) * (data.value(r, j) - mean(j)) / 300;
        within +=
            (data.value(r, i) - mean(i, data.y[r])) * (data.value(r, j) - mean(j, data.y[r])) / 300;
      }
      EXPECT_NEAR(statistics.covariance(x)(i, j), all, tolerance);
      EXPECT_NEAR(statistics.within_covariance(x)(i, j), within, tolerance);
    }
  }
}

TEST_P(StatisticsOf, HoldOverSeveralChunksFarFromTheOrigin) {
  // A covariance of five chunks of 2048 rows, the last one short; sums of more.
  const std::size_t width = 512;
  const Data far(8500, width, 3, 1e4);
  Statistics all(far.split(), GetParam());
  const auto own = std::make_shared<expr::Graph>();
  const expr::Expr h = input(own, "features", width);
  const auto mean_of = [&](std::size_t c, std::optional<std::size_t> label) {
    double sum = 0;
    double count = 0;
    for (std::size_t r = label.value_or(0); r < far.rows; r += label ? far.classes : 1) {
      sum += far.value(r, c);
      ++count;
    }
    return sum / count;
  };
  for (const std::size_t i : {0u, 77u, 511u}) {
    EXPECT_NEAR(all.mean(h)(0, i), mean_of(i, {}), 1e-8);
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(all.class_mean(h)(k, i), mean_of(i, k), 1e-8);
    }
    for (const std::size_t j : {0u, 78u, 510u}) {
      double total = 0;
      double within = 0;
      for (std::size_t r = 0; r < far.rows; ++r) {
        const std::size_t k = r % far.classes;
        const double x = far.value(r, i);
        const double y = far.value(r, j);
        total += (x - all.mean(h)(0, i)) * (y - all.mean(h)(0, j));
        within += (x - all.class_mean(h)(k, i)) * (y - all.class_mean(h)(k, j));
      }
      const auto n = static_cast<double>(far.rows);
      EXPECT_NEAR(all.covariance(h)(i, j), total / n, 1e-9);
      EXPECT_NEAR(all.within_covariance(h)(i, j), within / n, 1e-9);
    }
  }
  auto sorted = far.x;
  std::ranges::nth_element(sorted, sorted.begin() + 1000);
  const double q = 1000.0 / static_cast<double>(sorted.size() - 1);
  EXPECT_NEAR(all.quantile(h, q), sorted[1000], 1e-3);
  EXPECT_EQ(all.values(h).size(), far.x.size());
}

TEST_P(StatisticsOf, BelongToAnExpression) {
  EXPECT_NEAR(statistics.mean(2.0 * x + 1.0)(0, 3), 2 * mean(3) + 1, 2 * tolerance);
  EXPECT_NEAR(
      statistics.mean(row_max(x))(0, 0),
      [&] {
        double sum = 0;
        for (std::size_t r = 0; r < 300; ++r)
          sum += *std::max_element(&data.x[r * 7], &data.x[r * 7] + 7);
        return sum / 300;
      }(),
      tolerance);
}

TEST_P(StatisticsOf, TakeQuantilesOfAllValuesTogether) {
  auto sorted = data.x;
  std::ranges::sort(sorted);
  for (const double q : {0.0, 0.25, 0.9, 1.0}) {
    const double at = q * static_cast<double>(sorted.size() - 1);
    const auto low = static_cast<std::size_t>(at);
    const double low_value = sorted[low];
    const double high_value = sorted[std::min(low + 1, sorted.size() - 1)];
    EXPECT_NEAR(statistics.quantile(x, q),
                low_value + (high_value - low_value) * (at - static_cast<double>(low)), 1e-12);
  }
  EXPECT_NEAR(statistics.quantile(min(x, 0.5), 1.0), 0.5, 1e-7);
}

TEST_P(StatisticsOf, AreComputedOnce) {
  const Matrix* first = &statistics.mean(x);
  EXPECT_EQ(first, &statistics.mean(input(graph, "features", 7)));
  EXPECT_EQ(statistics.values(x).data(), statistics.values(x).data());
}

TEST_P(StatisticsOf, AddUpWhatAFunctionSays) {
  // Counts and sums of the rows whose first value is positive.
  const auto positive = [](const Rows& rows, Matrix& sums) {
    for (std::size_t r = 0; r < rows.count(); ++r) {
      if (rows.row(r)[0] <= 0) continue;
      sums(0, 0) += 1;
      sums(0, 1) += rows.row(r)[6];
    }
  };
  double count = 0, sum = 0;
  for (std::size_t r = 0; r < data.rows; ++r) {
    if (data.value(r, 0) <= 0) continue;
    count += 1;
    sum += data.value(r, 6);
  }
  const Matrix found = statistics.reduce(x, Matrix(1, 2), positive);
  EXPECT_EQ(found(0, 0), count);
  EXPECT_NEAR(found(0, 1), sum, 1e-9);

  // Sums over parts of the rows, merged, are those over all of them.
  std::vector<std::size_t> even, odd;
  for (std::size_t r = 0; r < data.rows; ++r) (r % 2 == 0 ? even : odd).push_back(r);
  Statistics first = statistics.subset(even), second = statistics.subset(odd);
  Matrix merged = first.reduce(x, Matrix(1, 2), positive);
  merge(merged, second.reduce(x, Matrix(1, 2), positive));
  EXPECT_EQ(merged(0, 0), count);
  EXPECT_NEAR(merged(0, 1), sum, 1e-9);
}

TEST_P(StatisticsOf, MayBeOfSomeRowsOnly) {
  const expr::Expr label = statistics.label(graph);
  const expr::Expr of_one = label == constant(graph, 1.0);
  Statistics& ones = statistics.only(of_one);
  EXPECT_EQ(ones.rows(), 100u);
  EXPECT_EQ(&ones, &statistics.only(of_one));
  EXPECT_THAT(ones.class_counts(), testing::ElementsAre(0, 100, 0));
  for (std::size_t c = 0; c < 7; ++c) EXPECT_NEAR(ones.mean(x)(0, c), mean(c, 1), tolerance);
  EXPECT_NEAR(ones.class_sum(x)(1, 3), 100 * mean(3, 1), 100 * tolerance);
  EXPECT_EQ(ones.class_sum(x)(0, 3), 0);

  // A part of a part; both conditions are of the original rows.
  const expr::Expr last = slice_columns(x, 6, 7);
  Statistics& both = ones.only(last > 0.5);
  std::vector<double> kept;
  for (std::size_t r = 0; r < data.rows; ++r) {
    if (data.y[r] == 1 && data.value(r, 6) > 0.5) kept.push_back(data.value(r, 6));
  }
  ASSERT_EQ(both.rows(), kept.size());
  std::ranges::sort(kept);
  EXPECT_EQ(both.quantile(last, 0), kept.front());
  EXPECT_EQ(both.quantile(last, 1), kept.back());
  EXPECT_EQ(both.values(last).size(), kept.size());
  EXPECT_EQ(both.mean(label)(0, 0), 1);

  Statistics& none = statistics.only(last > 1e6);
  EXPECT_EQ(none.rows(), 0u);
  EXPECT_EQ(none.class_sum(x), Matrix(3, 7));
  EXPECT_THAT(io::error_of([&] { none.mean(x); }), testing::HasSubstr("toy/train: nothing can be"));
  EXPECT_THAT(io::error_of([&] { (void)statistics.subset({300}); }),
              testing::HasSubstr("no row 300 of 300"));
}

TEST_P(StatisticsOf, RememberWhatFollowsFromThem) {
  int computed = 0;
  const auto twice_the_mean = [&] {
    ++computed;
    Matrix twice = statistics.mean(x);
    for (double& v : twice.values) v *= 2;
    return twice;
  };
  const Matrix& first = statistics.derived<Matrix>("twice", x, twice_the_mean);
  EXPECT_EQ(first(0, 2), 2 * statistics.mean(x)(0, 2));
  EXPECT_EQ(&statistics.derived<Matrix>("twice", x, twice_the_mean), &first);
  statistics.derived<Matrix>("twice", 2.0 * x, twice_the_mean);
  statistics.derived<Matrix>("thrice", x, twice_the_mean);
  EXPECT_EQ(computed, 3);
}

TEST_P(StatisticsOf, TakeSeveralQuantilesAtOnce) {
  const std::vector<double> q = {0.9, 0, 0.25, 0.9, 1};
  const auto together = statistics.quantiles(x, q);
  Statistics alone(data.split(), GetParam());
  for (std::size_t i = 0; i < q.size(); ++i) EXPECT_EQ(together[i], alone.quantile(x, q[i]));
}

INSTANTIATE_TEST_SUITE_P(Executors, StatisticsOf,
                         testing::Values(expr::Executor::reference, expr::Executor::cpu),
                         [](const auto& info) { return info.param.name; });

// All there is.
auto statistics_of(const Data& data, const expr::Executor& executor = expr::Executor::cpu,
                   Communicator& processes = alone()) {
  const auto graph = std::make_shared<expr::Graph>();
  const expr::Expr x = input(graph, "features", data.width);
  const expr::Expr first = slice_columns(x, 0, 1), some = slice_columns(x, 0, 4);
  Statistics statistics(data.split(), executor, processes);
  Statistics& part = statistics.only(first > 0.0);
  const Array values = part.values(-x).to_float64();
  const auto rows = values.as<double>();
  return std::tuple(
      statistics.mean(x), statistics.class_mean(x), statistics.within_covariance(x),
      statistics.covariance(x), statistics.within_whitening(x).matrix,
      statistics.rounding_variance(x), shrunk_covariance(statistics, x, About::class_means),
      statistics.quantiles(x, {0, 0.3, 0.35, 1}), part.mean(x), part.class_counts(),
      part.subset({0, 2, 1}).mean(x), std::vector<double>(rows.begin(), rows.end()),
      statistics.of_each_row(x,
                             [](std::size_t number, std::span<const double> row) {
                               return static_cast<double>(number) * row[2];
                             }),
      k_means(statistics, some, {.centres = 3, .iterations = 3}).centres,
      gaussian_mixture(statistics, some, {.components = 2, .iterations = 2}).covariances);
}

TEST(Statistics, HaveTheSameBitsForAnyThreadCount) {
  const Data data(60000, 90, 5);  // several chunks
  const int before = thread_count();
  set_thread_count(1);
  const auto one = statistics_of(data);
  for (const int threads : {2, 3, 7}) {
    set_thread_count(threads);
    EXPECT_TRUE(statistics_of(data) == one) << threads;
  }
  set_thread_count(before);
}

// Of many lanes, of one, of which most processes have nothing, and where a process sees some classes only.
TEST(Statistics, HaveTheSameBitsForAnyNumberOfProcesses) {
  std::vector<Data> all = {{20000, 90, 5}, {12, 5, 3}};
  std::ranges::sort(all[0].y);
  for (const Data& data : all) {
    for (const expr::Executor& executor : {expr::Executor::cpu, expr::Executor::reference}) {
      const auto one = statistics_of(data, executor);
      for (const int size : {2, 3, 5}) {
        PlayedProcesses::run(size, [&](Communicator& processes) {
          EXPECT_TRUE(statistics_of(data, executor, processes) == one)
              << executor.name << ' ' << data.rows << " rows " << size;
        });
      }
    }
  }
}

std::string message(const Data& data,
                    const std::function<void(Statistics&, const expr::Expr&)>& use) {
  const auto graph = std::make_shared<expr::Graph>();
  try {
    Statistics statistics(data.split(), expr::Executor::cpu);
    use(statistics, input(graph, "features", data.width));
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

TEST(Statistics, SayWhatIsWrongWithASplit) {
  using testing::HasSubstr;
  const auto means = [](Statistics& s, const expr::Expr& x) { s.class_mean(x); };
  Data data(30, 4, 3);
  data.y[5] = 7;
  EXPECT_THAT(message(data, means),
              HasSubstr("toy/train: row 5 has label 7; a split that is fitted on needs 0 .. 2"));
  data.y.assign(30, 1);
  EXPECT_THAT(message(data, means), HasSubstr("no sample of class 0, 2"));
  const auto mean = [](Statistics& s, const expr::Expr& x) { s.mean(x); };
  EXPECT_THAT(message(Data(0, 4, 3), mean), HasSubstr("without rows"));
  Data short_of_labels(30, 4, 3);
  short_of_labels.y.pop_back();
  EXPECT_THAT(message(short_of_labels, mean), HasSubstr("toy/train: 29 labels for 30 rows"));
  Data infinite(30, 4, 3);
  infinite.x[9] = std::nanf("");
  EXPECT_THAT(message(infinite, mean), HasSubstr("row 2, column 1 is nan"));
}

// A pass looks for NaN only where none has gone through to the end before, array by array.
TEST(Statistics, RefuseWhatIsNotFiniteAgainAndBesideWhatIs) {
  Split split{"toy/train",
              {{"features", Array({3, 1}, std::vector<float>{1, 2, 3})},
               {"logits", Array({3, 1}, std::vector<float>{1, std::nanf(""), 3})}},
              Array({3}, std::vector<std::int64_t>{0, 0, 0}),
              1};
  const auto graph = std::make_shared<expr::Graph>();
  const auto h = input(graph, "features", 1), z = input(graph, "logits", 1);
  Statistics statistics(split, expr::Executor::cpu);
  EXPECT_EQ(statistics.mean(h)(0, 0), 2);
  // A comparison with NaN is no NaN.
  for (int round = 0; round < 2; ++round) {
    EXPECT_THROW(statistics.mean(z > 0.0), Error);
    EXPECT_THROW(statistics.mean(z > h), Error);
  }
  EXPECT_EQ(statistics.mean(h * h)(0, 0), 14.0 / 3);
}

TEST(Statistics, RefuseWhatIsNotFiniteWhereverItIs) {
  for (std::size_t broken = 0; broken < 19; ++broken) {
    Data data(19, 1, 1);
    for (float& v : data.x) v = 1;
    data.x[broken] = 0;
    EXPECT_THAT(message(data, [](Statistics& s, const expr::Expr& x) { s.mean(1.0 / x); }),
                testing::HasSubstr(text("not finite in row ", broken)));
  }
}

// Float32 rounding is measured by the squares of the values, not by how they vary.
TEST(Statistics, KnowWhatRoundingAloneMakesVary) {
  for (const double offset : {0.0, 1e4}) {
    const Data data(5000, 6, 2, offset);
    const auto graph = std::make_shared<expr::Graph>();
    Statistics statistics(data.split(), expr::Executor::cpu);
    double largest = 0;
    for (std::size_t c = 0; c < 6; ++c) {
      double squares = 0;
      for (std::size_t r = 0; r < data.rows; ++r) squares += data.value(r, c) * data.value(r, c);
      largest = std::max(largest, squares / 5000);
    }
    const double expected = std::pow(2.0, -46) * largest;
    EXPECT_NEAR(statistics.rounding_variance(input(graph, "features", 6)), expected,
                1e-12 * expected);
  }
}

}  // namespace
}  // namespace nescio::statistics
