#include "metrics/ranking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "base/error.h"
#include "base/threads.h"

namespace nescio::metrics {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

template <class T>
std::vector<T> drawn(std::size_t count, unsigned seed, int distinct = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<T> of(0, 3);
  std::vector<T> scores(count);
  for (T& s : scores)
    s = distinct ? std::round(of(random) * T(distinct)) / T(distinct) : of(random);
  return scores;
}

template <class T>
std::vector<Step> literal_steps(const std::vector<T>& id, const std::vector<T>& ood) {
  std::map<T, Step> steps;
  for (const T s : id) ++steps[s].id;
  for (const T s : ood) ++steps[s].ood;
  std::vector<Step> result;
  for (const auto& [score, step] : steps) result.push_back(step);
  return result;
}

TEST(Ranking, CountsTheRowsOfEveryDistinctScore) {
  const std::vector<float> id = {1, -2, 3, 1};
  const std::vector<float> ood = {3, 5, 3, -7};
  const Ranking ranking = rank(id, ood);
  EXPECT_THAT(ranking.steps,
              ElementsAre(Step{0, 1}, Step{1, 0}, Step{2, 0}, Step{1, 2}, Step{0, 1}));
  EXPECT_EQ(ranking.id_count, 4u);
  EXPECT_EQ(ranking.ood_count, 4u);
}

TEST(Ranking, TakesBothZerosForOneScore) {
  EXPECT_THAT(rank(std::vector<float>{-0.0f}, std::vector<float>{0.0f}).steps,
              ElementsAre(Step{1, 1}));
  EXPECT_THAT(rank(std::vector<double>{0.0}, std::vector<double>{-0.0}).steps,
              ElementsAre(Step{1, 1}));
}

TEST(Ranking, OrdersTheExtremesOfBothTypes) {
  const auto ascending = [](auto zero) {
    using T = decltype(zero);
    using Limits = std::numeric_limits<T>;
    const std::vector<T> scores = {Limits::lowest(),
                                   T(-1),
                                   -Limits::min(),
                                   -Limits::denorm_min(),
                                   zero,
                                   Limits::denorm_min(),
                                   Limits::min(),
                                   Limits::epsilon(),
                                   T(1),
                                   Limits::max()};
    for (std::size_t i = 0; i + 1 < scores.size(); ++i) {
      const auto pair = rank(std::vector<T>{scores[i]}, std::vector<T>{scores[i + 1]});
      EXPECT_THAT(pair.steps, ElementsAre(Step{1, 0}, Step{0, 1})) << i;
    }
  };
  ascending(0.0f);
  ascending(0.0);
}

TEST(Ranking, KeepsDoublesApartThatAreOneFloat) {
  EXPECT_EQ(rank(std::vector<double>{1.0}, std::vector<double>{1.0 + 1e-15}).steps.size(), 2u);
}

TEST(Ranking, EqualsALiteralCountWhateverTheThreads) {
  const int threads = thread_count();
  for (const int count : {1, 2, 3}) {
    set_thread_count(count);
    for (const int distinct : {0, 1, 50}) {
      const auto id = drawn<float>(1001, 1, distinct);
      const auto ood = drawn<float>(757, 2, distinct);
      EXPECT_EQ(rank(id, ood).steps, literal_steps(id, ood));
      const auto many_id = drawn<float>(60'000, 5, distinct);  // sorted in parallel
      const auto many_ood = drawn<float>(50'000, 6, distinct);
      EXPECT_EQ(rank(many_id, many_ood).steps, literal_steps(many_id, many_ood));
      const auto wide_id = drawn<double>(333, 3, distinct);
      const auto wide_ood = drawn<double>(1200, 4, distinct);
      EXPECT_EQ(rank(wide_id, wide_ood).steps, literal_steps(wide_id, wide_ood));
    }
  }
  set_thread_count(threads);
}

TEST(Ranking, RefusesAnEmptySide) {
  const std::vector<float> one = {1};
  EXPECT_THAT([&] { rank(std::vector<float>{}, one); },
              ThrowsMessage<Error>(HasSubstr("ID scores: expected at least one, found none")));
  EXPECT_THAT([&] { rank(one, std::vector<float>{}); },
              ThrowsMessage<Error>(HasSubstr("OOD scores: expected at least one")));
}

TEST(Ranking, RefusesNaNAndInfinityWithCountAndPosition) {
  auto scores = drawn<float>(100, 1);
  const std::vector<float> good = {1, 2};
  scores[40] = std::numeric_limits<float>::infinity();
  scores[17] = std::numeric_limits<float>::quiet_NaN();
  scores[99] = -std::numeric_limits<float>::infinity();
  EXPECT_THAT([&] { rank(good, scores); },
              ThrowsMessage<Error>(AllOf(HasSubstr("OOD scores"), HasSubstr("3 NaN or infinite"),
                                         HasSubstr("of 100"), HasSubstr("position 17"))));
  const std::vector<double> inf = {0, std::numeric_limits<double>::infinity()};
  EXPECT_THAT([&] { rank(inf, inf); },
              ThrowsMessage<Error>(AllOf(HasSubstr("ID scores"), HasSubstr("position 1"))));
}

TEST(Rank, OfArraysKeepsTheDigitsOfBothSides) {
  const auto floats = [](std::vector<float> v) { return Array({v.size()}, std::vector<float>(v)); };
  const auto doubles = [](std::vector<double> v) {
    return Array({v.size()}, std::vector<double>(v));
  };
  // 0.1F is a little above 0.1.
  const Ranking mixed = rank(floats({0.1F, 0.5F}), doubles({0.1, 0.5}));
  EXPECT_EQ(mixed.steps, (std::vector<Step>{{0, 1}, {1, 0}, {1, 1}}));
  const Ranking fine = rank(doubles({1, 1 + 1e-15, -1e300}), doubles({1 + 2e-15, 5e-324}));
  EXPECT_EQ(fine.steps, (std::vector<Step>{{1, 0}, {0, 1}, {1, 0}, {1, 0}, {0, 1}}));
  EXPECT_EQ(rank(floats({1, 2}), floats({2})).steps, (std::vector<Step>{{1, 0}, {1, 1}}));
  const RowRanking rows = rank_rows(doubles({1 + 1e-15, 1}), doubles({1, 2}));
  EXPECT_EQ(rows.id, (std::vector<std::uint32_t>{1, 0}));
  EXPECT_EQ(rows.ood, (std::vector<std::uint32_t>{0, 2}));
}

}  // namespace
}  // namespace nescio::metrics
