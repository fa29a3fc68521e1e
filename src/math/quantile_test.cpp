#include "math/quantile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"
#include "base/test_communicator.h"
#include "base/threads.h"

namespace nescio::math {
namespace {

using testing::HasSubstr;

constexpr double kQs[] = {0, 1, 0.5, 0.9, 0.99, 0.05, 1.0 / 3, 0.123456789};

/// numpy.quantile(values, q) on doubles, from a full sort.
template <class T>
std::vector<double> sorted_quantiles(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  std::vector<double> result;
  for (const double q : kQs) {
    const double position = q * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(std::floor(position));
    const double t = position - std::floor(position);
    const double a = values[below], b = values[std::min(below + 1, values.size() - 1)];
    result.push_back(t >= 0.5 ? b - (b - a) * (1 - t) : a + (b - a) * t);
  }
  return result;
}

template <class T>
auto in_chunks(const std::vector<T>& values, std::size_t size) {
  return [&values, size](const std::function<void(std::span<const T>)>& visit) {
    for (std::size_t first = 0; first < values.size(); first += size) {
      visit(std::span(values).subspan(first, std::min(size, values.size() - first)));
    }
  };
}

std::vector<double> found(const std::vector<float>& values, std::size_t chunk) {
  return quantiles(FloatChunks(in_chunks(values, chunk)), kQs);
}
std::vector<double> found(const std::vector<double>& values, std::size_t chunk) {
  return quantiles(DoubleChunks(in_chunks(values, chunk)), kQs);
}

/// One pass, if the guess for each is what lies around it by `share` of the ranks.
std::vector<double> guessed(const std::vector<float>& values, std::size_t chunk, double share) {
  std::vector<float> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  std::vector<Interval> guesses;
  for (const double q : kQs) {
    const auto at = [&](double p) {
      return sorted[static_cast<std::size_t>(std::clamp(p, 0.0, 1.0) *
                                             static_cast<double>(sorted.size() - 1))];
    };
    guesses.push_back({at(q - share), at(q + share)});
  }
  std::size_t passes = 0;
  const FloatChunks chunks = in_chunks(values, chunk);
  const auto result =
      quantiles(FloatChunks([&](const std::function<void(std::span<const float>)>& visit) {
                  ++passes;
                  chunks(visit);
                }),
                kQs, guesses);
  EXPECT_TRUE(share < 1 || passes == 1) << passes;
  return result;
}
std::vector<double> guessed(const std::vector<double>& values, std::size_t chunk,
                            double /*share*/) {
  return found(values, chunk);
}

template <class T>
void check_quantiles(const std::vector<T>& values) {
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{1000}, values.size()}) {
    if (chunk == 1 && values.size() > 10000) continue;
    EXPECT_EQ(found(values, chunk), sorted_quantiles(values))
        << values.size() << " in chunks of " << chunk;
    for (const double share : {1.0, 0.1, 0.0}) {  // the last one is mostly too narrow
      EXPECT_EQ(guessed(values, chunk, share), sorted_quantiles(values))
          << values.size() << " in chunks of " << chunk << ", guessed to " << share;
    }
  }
}

template <class T>
class QuantileTest : public testing::Test {
 protected:
  std::mt19937 random{1};
};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(QuantileTest, Types);

TYPED_TEST(QuantileTest, EqualsAFullSort) {
  std::normal_distribution<TypeParam> normal;
  for (const std::size_t count : {1u, 2u, 3u, 10u, 1001u, 20001u}) {
    std::vector<TypeParam> values(count);
    for (auto& value : values) value = normal(this->random);
    check_quantiles(values);
  }
}

TYPED_TEST(QuantileTest, TakesTiesNegativeNumbersAndDenormals) {
  std::uniform_int_distribution<int> digit(-3, 3);
  std::vector<TypeParam> ties(20000), zeros, denormals, wide;
  for (auto& value : ties) value = static_cast<TypeParam>(digit(this->random));
  for (int i = 0; i < 20000; ++i) {
    zeros.push_back(i % 3 == 0 ? TypeParam(-0.0) : i % 3 == 1 ? TypeParam(0) : TypeParam(1));
    denormals.push_back(static_cast<TypeParam>(digit(this->random)) *
                        std::numeric_limits<TypeParam>::denorm_min());
    wide.push_back(std::pow(TypeParam(10), static_cast<TypeParam>(10 * digit(this->random))) *
                   static_cast<TypeParam>(digit(this->random)));
  }
  check_quantiles(ties);
  check_quantiles(zeros);
  check_quantiles(denormals);
  check_quantiles(wide);
  check_quantiles(std::vector<TypeParam>(100, TypeParam(-1e4)));
  check_quantiles(std::vector<TypeParam>(20000, TypeParam(-1e4)));
}

TYPED_TEST(QuantileTest, LargeChunksAreSharedByThreads) {
  std::normal_distribution<TypeParam> normal;
  std::vector<TypeParam> values(300001);
  for (auto& value : values) value = normal(this->random);
  const int before = thread_count();
  for (const int threads : {1, 3}) {
    set_thread_count(threads);
    check_quantiles(values);
  }
  set_thread_count(before);
}

TYPED_TEST(QuantileTest, SaysWhatIsWrong) {
  const std::vector<TypeParam> none;
  EXPECT_THROW(found(none, 1), Error);
  for (const std::size_t size : {std::size_t{3}, std::size_t{200000}}) {
    std::vector<TypeParam> values(size, 1);
    values[1] = std::numeric_limits<TypeParam>::quiet_NaN();
    try {
      found(values, size);
      FAIL();
    } catch (const Error& e) {
      EXPECT_THAT(e.what(), HasSubstr("NaN"));
    }
  }
}

TEST(Quantile, RefusesFractionsOutsideTheirRange) {
  const std::vector<float> values = {1, 2};
  const FloatChunks chunks = in_chunks(values, 2);
  for (const double q : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(quantiles(chunks, std::vector<double>{q}), Error);
  }
  EXPECT_TRUE(quantiles(chunks, std::vector<double>{}).empty());
}

TEST(Quantile, AWrongGuessChangesNothing) {
  std::vector<float> values(70000);
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (float& v : values) v = normal(random);
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<double> q = {0.3, 0.7};
  const FloatChunks chunks = in_chunks(values, 9000);
  const auto expected = quantiles(chunks, q);
  for (const Interval& guess : {Interval{5, 6}, Interval{-6, -5}, Interval{-0.6f, 0},
                                Interval{0, 0}, Interval{-inf, inf}, Interval{inf, inf}}) {
    EXPECT_EQ(quantiles(chunks, q, std::vector<Interval>{guess, guess}), expected) << guess.low;
  }
  EXPECT_THROW(quantiles(chunks, q, std::vector<Interval>{{0, 1}}), Error);
  values[69999] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(quantiles(chunks, q, std::vector<Interval>{{0, 1}, {0, 1}}), Error);
}

TEST(Quantile, TakesInfinities) {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {-inf, -inf, 1, inf, inf};
  EXPECT_EQ(quantiles(FloatChunks(in_chunks(values, 5)), std::vector<double>{0.1, 0.5, 0.9}),
            (std::vector<double>{-inf, 1, inf}));
}

// Each process has some of the numbers, one of them none.
TEST(Quantiles, AreThoseOfAllProcesses) {
  std::mt19937 rng(3);
  std::normal_distribution<double> normal;
  std::vector<float> floats(1000);
  for (float& v : floats) v = static_cast<float>(normal(rng));
  const std::vector<double> doubles(floats.begin(), floats.end());
  const auto expected = sorted_quantiles(doubles);
  PlayedProcesses::run(3, [&](Communicator& processes) {
    const auto own = [&](const auto& values) {
      const std::size_t first[] = {0, 700, 700, values.size()};
      const auto rank = static_cast<std::size_t>(processes.rank());
      return std::span(values).subspan(first[rank], first[rank + 1] - first[rank]);
    };
    const FloatChunks some = [&](const auto& take) { take(own(floats)); };
    EXPECT_EQ(quantiles(some, kQs, processes), expected);
    const DoubleChunks chunks = [&](const auto& take) { take(own(doubles)); };
    EXPECT_EQ(quantiles(chunks, kQs, processes), expected);
  });
}

}  // namespace
}  // namespace nescio::math
