// A detector in use: how often it flags, whether its scores drift, and when to believe that something has changed.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "calibration/calibration.h"
#include "metrics/bounds.h"
#include "metrics/proportion.h"
#include "monitoring/betting.h"
#include "monitoring/drift.h"
#include "monitoring/stream_p_values.h"

namespace nescio::monitoring {

struct MonitorSettings {
  std::size_t window = 500;    // the last rows, of which rate and drift are told
  std::size_t every = 500;     // rows from one report to the next
  double confidence = 0.95;    // of the interval of the rate
  double false_alarms = 0.01;  // probability that the alarm is ever raised while nothing changes
  std::uint64_t seed = 0;      // of what breaks ties
  bool operator==(const MonitorSettings&) const = default;
};

/// What can be said when a row has come.
struct WindowReport {
  std::uint64_t rows = 0;       // of the stream, up to here
  metrics::Proportion flagged;  // of the last rows: `window`, or all where there are fewer
  metrics::Bounds rate;         // Clopper and Pearson's interval of the share of them
  KsTest ks;                    // of their scores against those of calibration
  double psi = 0;
  double psi_by_chance = 0;  // what it has on average without drift
  double evidence = 1;       // capital of the bet that something has changed
};

class Monitor {
 public:
  /// `calibration` must outlive it: its ID rows are what the stream is compared with, its thresholds say what is
  /// flagged. Error for a window or a distance of 0, and as the parts.
  Monitor(const calibration::Calibration& calibration, const MonitorSettings& settings);

  /// The next row, with the class that the network sees in it. O(log n). Error, with which the row does not count,
  /// for a score that is not finite, and if classes have their own thresholds and the row's is not known.
  void add(double score, std::optional<std::uint32_t> predicted = {});
  /// A row that could not be read; only counted.
  void add_unreadable() { ++unreadable_; }
  /// Whether a report is due after the last row.
  bool is_due() const { return rows() > 0 && rows() % settings_.every == 0; }

  /// Of the last rows, of which there is one at least.
  WindowReport report() const;
  /// The same, kept in the history, which has the last history_rows reports.
  const WindowReport& record();
  static constexpr std::size_t history_rows = 512;

  const calibration::Calibration& calibration() const { return calibration_; }
  const MonitorSettings& settings() const { return settings_; }
  std::uint64_t rows() const { return p_values_.rows(); }
  std::uint64_t flagged() const { return flagged_; }
  std::uint64_t unreadable() const { return unreadable_; }
  const BettingMartingale& test() const { return test_; }
  /// The row, from 1, with which the alarm was raised.
  std::optional<std::uint64_t> alarm_row() const { return alarm_row_; }
  const std::deque<WindowReport>& history() const { return history_; }
  /// Of the last rows, oldest first.
  std::vector<float> window_scores() const { return {scores_.begin(), scores_.end()}; }
  /// Of calibration, ascending.
  const std::vector<float>& calibration_scores() const { return sorted_; }

 private:
  friend struct MonitorState;

  const calibration::Calibration& calibration_;
  MonitorSettings settings_;
  std::vector<float> sorted_;
  StabilityIndex stability_;
  StreamPValues p_values_;
  BettingMartingale test_;
  std::deque<float> scores_;  // of the window
  std::deque<bool> flags_;
  std::size_t window_flagged_ = 0;
  std::uint64_t flagged_ = 0, unreadable_ = 0;
  std::optional<std::uint64_t> alarm_row_;
  std::deque<WindowReport> history_;
};

/// Everything that a monitor learns from its stream. Given back to another one with the same calibration and settings,
/// that one goes on as if it had read the same rows.
struct MonitorState {
  std::vector<std::uint64_t> gaps;  // see StreamPValues
  std::vector<double> accounts;     // see BettingMartingale
  std::uint64_t bets = 0;
  double largest = 1;
  std::uint64_t flagged = 0, unreadable = 0, alarm_row = 0;  // 0: none
  std::vector<float> scores;
  std::vector<std::uint8_t> flags;
  std::vector<WindowReport> history;

  static MonitorState of(const Monitor& monitor);
  /// Error if they cannot be those of such a monitor.
  void give_to(Monitor& monitor) const;
};

}  // namespace nescio::monitoring
