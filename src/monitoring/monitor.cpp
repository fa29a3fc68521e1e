#include "monitoring/monitor.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "metrics/distributions.h"

namespace nescio::monitoring {
namespace {

std::vector<float> ascending(std::vector<float> scores) {
  std::ranges::sort(scores);
  return scores;
}

}  // namespace

Monitor::Monitor(const calibration::Calibration& calibration, const MonitorSettings& settings)
    : calibration_(calibration),
      settings_(settings),
      sorted_(ascending(calibration.id().scores)),
      stability_(sorted_),
      p_values_(calibration.id().scores, settings.seed),
      test_(settings.false_alarms) {
  if (settings.window < 1 || settings.every < 1) {
    fail("monitoring: expected windows of at least one row, found window=", settings.window,
         " and every=", settings.every);
  }
  metrics::require_confidence(settings.confidence);
}

void Monitor::add(double score, std::optional<std::uint32_t> predicted) {
  // Compared as calibration scores are stored, so that equal ones tie.
  const auto rounded = static_cast<float>(score);
  if (!std::isfinite(rounded)) fail("expected a finite score, found ", score);
  const bool is_ood = score > calibration_.threshold_of(predicted);
  const bool was_alarm = test_.alarm();
  test_.bet(p_values_.next(rounded));
  if (test_.alarm() && !was_alarm) alarm_row_ = rows();
  scores_.push_back(rounded);
  flags_.push_back(is_ood);
  flagged_ += is_ood;
  window_flagged_ += is_ood;
  if (scores_.size() <= settings_.window) return;
  window_flagged_ -= flags_.front();
  scores_.pop_front();
  flags_.pop_front();
}

WindowReport Monitor::report() const {
  if (scores_.empty()) fail("monitoring: there is nothing to report before the first row");
  WindowReport out{.rows = rows(),
                   .flagged = {.count = window_flagged_, .rows = scores_.size()},
                   .rate = {},
                   .ks = {},
                   .psi_by_chance = stability_.by_chance(scores_.size()),
                   .evidence = test_.capital()};
  const std::vector<float> window = ascending(window_scores());
  out.rate = metrics::clopper_pearson_interval(out.flagged, settings_.confidence);
  out.ks = ks_test(window, sorted_);
  out.psi = stability_(window);
  return out;
}

const WindowReport& Monitor::record() {
  history_.push_back(report());
  if (history_.size() > history_rows) history_.pop_front();
  return history_.back();
}

MonitorState MonitorState::of(const Monitor& monitor) {
  const BettingMartingale& test = monitor.test_;
  return {.gaps = monitor.p_values_.gaps(),
          .accounts = test.state(),
          .bets = test.bets(),
          .largest = test.largest(),
          .flagged = monitor.flagged_,
          .unreadable = monitor.unreadable_,
          .alarm_row = monitor.alarm_row_.value_or(0),
          .scores = monitor.window_scores(),
          .flags = {monitor.flags_.begin(), monitor.flags_.end()},
          .history = {monitor.history_.begin(), monitor.history_.end()}};
}

void MonitorState::give_to(Monitor& monitor) const {
  StreamPValues p_values(monitor.calibration_.id().scores, monitor.settings_.seed);
  p_values.restore(gaps);
  BettingMartingale test(monitor.settings_.false_alarms);
  test.restore(bets, largest, accounts);
  const std::uint64_t rows = p_values.rows();
  const auto in_window = static_cast<std::size_t>(std::ranges::count(flags, std::uint8_t{1}));
  const bool finite = std::ranges::all_of(scores, [](float s) { return std::isfinite(s); });
  if (scores.size() != std::min<std::uint64_t>(rows, monitor.settings_.window) || !finite ||
      flags.size() != scores.size() || flagged > rows || in_window > flagged || alarm_row > rows ||
      test.alarm() != (alarm_row > 0) || bets != (alarm_row > 0 ? alarm_row : rows) ||
      history.size() > Monitor::history_rows) {
    fail("its numbers contradict each other");
  }
  monitor.p_values_ = std::move(p_values);
  monitor.test_ = test;
  monitor.scores_.assign(scores.begin(), scores.end());
  monitor.flags_.assign(flags.begin(), flags.end());
  monitor.window_flagged_ = in_window;
  monitor.flagged_ = flagged;
  monitor.unreadable_ = unreadable;
  monitor.alarm_row_.reset();
  if (alarm_row > 0) monitor.alarm_row_ = alarm_row;
  monitor.history_.assign(history.begin(), history.end());
}

}  // namespace nescio::monitoring
