// A bet against exchangeability: a sequential test whose false alarms have a budget.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nescio::monitoring {

/// How rows differ from those of calibration.
enum class Change { higher, lower, wider, narrower };

/// Completes "the scores": "are higher than those of calibration".
const char* words_of(Change change);

/// A conformal test martingale (Vovk, Nouretdinov, Gammerman: Testing Exchangeability On-line, ICML 2003; Volkhonskiy,
/// Burnaev, Nouretdinov, Gammerman, Vovk: Inductive Conformal Martingales for Change-Point Detection, COPA 2017,
/// arXiv:1706.03415). It starts with 1, bets on p-values that are independent and uniform as long as nothing changes,
/// and cannot win on average then: by Ville's inequality the probability that it EVER reaches 1/a is at most a.
///
/// Bets are power functions k q^(k - 1), k = 0.1 .. 0.9, of q = p (scores are higher), 1 - p (lower), 1 - |2p - 1|
/// (wider: to both ends) and |2p - 1| (narrower). Each has its own account. Capital waits and is given to them, in equal
/// parts, little by little: before row n + 1 there waits 1 / (1 + ln(1 + n)). So a change at row n costs about
/// ln n + 2 ln ln n of evidence, however long everything was well before (their "sleepy jumper" wakes at a constant rate,
/// which fades after a few thousand rows).
///
/// Once the capital reaches 1/a, it stops: the alarm stays, and so does what it was raised with.
class BettingMartingale {
 public:
  static constexpr std::size_t exponents = 9, changes = 4;
  static constexpr std::size_t accounts_count = exponents * changes;

  /// Error unless 0 < false_alarms < 1.
  explicit BettingMartingale(double false_alarms);

  /// Bets on the next p-value. O(1).
  void bet(double p);

  /// What there is now; at most 1 on average while nothing changes.
  double capital() const;
  /// The largest that it ever was.
  double largest() const { return largest_; }
  /// How many there were; none after the alarm.
  std::uint64_t bets() const { return bets_; }
  /// What raises the alarm: 1 / false_alarms.
  double needed() const { return needed_; }
  bool alarm() const { return largest_ >= needed_; }
  /// On what most was won.
  Change change() const;

  /// What waits and what is in each account, to save and restore() it. Error unless it can have come to be so.
  std::vector<double> state() const;
  void restore(std::uint64_t bets, double largest, std::span<const double> state);

 private:
  double needed_;
  std::uint64_t bets_ = 0;
  double waiting_ = 1, largest_ = 1;
  std::array<double, accounts_count> accounts_{};  // exponents of each change
};

}  // namespace nescio::monitoring
