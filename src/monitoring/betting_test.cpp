#include "monitoring/betting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/rng.h"

namespace nescio::monitoring {
namespace {

// A double transcription: every bet that was begun, one by one.
double plain_capital(const std::vector<double>& p) {
  const auto waits = [](std::size_t n) { return 1 / (1 + std::log(1.0 + static_cast<double>(n))); };
  double sum = waits(p.size());
  for (std::size_t begin = 0; begin < p.size(); ++begin) {
    const double stake = (waits(begin) - waits(begin + 1)) / 36;
    for (int k = 1; k <= 9; ++k) {
      double higher = stake, lower = stake, wider = stake, narrower = stake;
      for (std::size_t i = begin; i < p.size(); ++i) {
        const auto pay = [k](double q) { return 0.1 * k * std::pow(q, 0.1 * k - 1); };
        higher *= pay(p[i]);
        lower *= pay(1 - p[i]);
        wider *= pay(1 - std::abs(2 * p[i] - 1));
        narrower *= pay(std::abs(2 * p[i] - 1));
      }
      sum += higher + lower + wider + narrower;
    }
  }
  return sum;
}

TEST(Betting, IsTheMixtureOverBetsAndBeginnings) {
  Rng rng(1);
  BettingMartingale test(1e-12);
  std::vector<double> p;
  for (int i = 0; i < 60; ++i) {
    p.push_back(i < 30 ? rng.uniform() : 0.3 * rng.uniform());
    test.bet(p.back());
    EXPECT_NEAR(test.capital(), plain_capital(p), 1e-9 * plain_capital(p));
  }
  EXPECT_EQ(test.change(), Change::higher);
}

// Every bet pays 1 on average over a uniform p: it can be no source of gain.
TEST(Betting, IsFair) {
  constexpr int points = 200000;
  double sum = 0;
  for (int i = 0; i < points; ++i) {
    // The integral of a power function, whose end is steep: p = u^4 has the weight 4 u^3, at both ends and the middle.
    const double u = (i + 0.5) / points;
    for (const double p : {std::pow(u, 4) / 4, 0.5 - std::pow(u, 4) / 4, 0.5 + std::pow(u, 4) / 4,
                           1 - std::pow(u, 4) / 4}) {
      BettingMartingale test(1e-12);
      test.bet(p);
      sum += test.capital() * std::pow(u, 3) / points;
    }
  }
  EXPECT_NEAR(sum, 1, 2e-3);
}

TEST(Betting, NamesTheChange) {
  const auto after = [](auto draw) {
    Rng rng(2);
    BettingMartingale test(0.001);
    for (int i = 0; i < 3000 && !test.alarm(); ++i) test.bet(draw(rng.uniform()));
    EXPECT_TRUE(test.alarm());
    return test.change();
  };
  EXPECT_EQ(after([](double u) { return 0.5 * u; }), Change::higher);
  EXPECT_EQ(after([](double u) { return 1 - 0.5 * u; }), Change::lower);
  EXPECT_EQ(after([](double u) { return u < 0.5 ? 0.5 * u : 1 - 0.5 * (1 - u); }), Change::wider);
  EXPECT_EQ(after([](double u) { return 0.25 + 0.5 * u; }), Change::narrower);
}

TEST(Betting, StopsWithTheAlarm) {
  BettingMartingale test(0.01);
  while (!test.alarm()) test.bet(1e-6);
  const double capital = test.capital();
  const auto bets = test.bets();
  EXPECT_GE(capital, 100);
  test.bet(1e-6);
  EXPECT_EQ(test.capital(), capital);
  EXPECT_EQ(test.bets(), bets);
  BettingMartingale extreme(0.01);
  extreme.bet(0);
  EXPECT_TRUE(std::isfinite(extreme.capital()));
}

// However long all was well, what it takes to see a change grows only with the logarithm.
TEST(Betting, IsAwakeAfterLongPeace) {
  const auto delay = [](int peace) {
    Rng rng(4);
    BettingMartingale test(1e-4);
    for (int i = 0; i < peace; ++i) test.bet(rng.uniform());
    EXPECT_FALSE(test.alarm());
    int rows = 0;
    for (; !test.alarm(); ++rows) test.bet(0.2 * rng.uniform());
    return rows;
  };
  const int early = delay(100), late = delay(200000);
  EXPECT_LT(early, 40);
  EXPECT_LT(late, early + 25);
}

TEST(Betting, RefusesWhatIsNoState) {
  EXPECT_THROW(BettingMartingale(0), Error);
  EXPECT_THROW(BettingMartingale(1), Error);
  BettingMartingale test(0.1);
  test.bet(0.4);
  BettingMartingale other(0.1);
  other.restore(test.bets(), test.largest(), test.state());
  EXPECT_EQ(other.capital(), test.capital());
  std::vector<double> state = test.state();
  state[3] = -1;
  EXPECT_THROW(other.restore(1, 1, state), Error);
  state.pop_back();
  EXPECT_THROW(other.restore(1, 1, state), Error);
}

}  // namespace
}  // namespace nescio::monitoring
