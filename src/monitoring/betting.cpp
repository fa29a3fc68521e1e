#include "monitoring/betting.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace nescio::monitoring {
namespace {

double waiting_after(std::uint64_t bets) { return 1 / (1 + std::log1p(static_cast<double>(bets))); }

}  // namespace

const char* words_of(Change change) {
  switch (change) {
    case Change::higher: return "are higher than those of calibration";
    case Change::lower: return "are lower than those of calibration";
    case Change::wider: return "reach further to both sides than those of calibration";
    case Change::narrower: return "keep closer to the middle than those of calibration";
  }
  return "";
}

BettingMartingale::BettingMartingale(double false_alarms) : needed_(1 / false_alarms) {
  if (!(false_alarms > 0 && false_alarms < 1)) {
    fail("expected a probability of false alarms between 0 and 1, found ", false_alarms);
  }
}

void BettingMartingale::bet(double p) {
  if (alarm()) return;
  const double left = waiting_after(bets_ + 1);
  const double stake = (waiting_ - left) / accounts_count;
  waiting_ = left;
  ++bets_;
  const double from_middle = std::abs(2 * p - 1);
  const double unusual[changes] = {p, 1 - p, 1 - from_middle, from_middle};
  for (std::size_t c = 0; c < changes; ++c) {
    // A q of 0 would win everything; it comes from rounding, and less is never too much to win.
    const double log_q = std::log(std::max(unusual[c], 0x1p-53));
    const double step = std::exp(0.1 * log_q);
    double power = std::exp(-0.9 * log_q);  // q^(k - 1)
    for (std::size_t e = 0; e < exponents; ++e, power *= step) {
      double& account = accounts_[c * exponents + e];
      account = (account + stake) * 0.1 * static_cast<double>(e + 1) * power;
    }
  }
  largest_ = std::max(largest_, capital());
}

double BettingMartingale::capital() const {
  return std::accumulate(accounts_.begin(), accounts_.end(), waiting_);
}

Change BettingMartingale::change() const {
  std::array<double, changes> won{};
  for (std::size_t i = 0; i < accounts_count; ++i) won[i / exponents] += accounts_[i];
  return static_cast<Change>(std::ranges::max_element(won) - won.begin());
}

std::vector<double> BettingMartingale::state() const {
  std::vector<double> out = {waiting_};
  out.insert(out.end(), accounts_.begin(), accounts_.end());
  return out;
}

void BettingMartingale::restore(std::uint64_t bets, double largest, std::span<const double> state) {
  const bool possible =
      std::ranges::all_of(state, [](double v) { return v >= 0 && std::isfinite(v); });
  if (state.size() != accounts_count + 1 || !possible || !(largest >= 1) ||
      !std::isfinite(largest)) {
    fail("expected the capital of ", accounts_count + 1, " accounts, none below 0");
  }
  bets_ = bets;
  largest_ = largest;
  waiting_ = state[0];
  std::ranges::copy(state.subspan(1), accounts_.begin());
}

}  // namespace nescio::monitoring
