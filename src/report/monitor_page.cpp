#include "report/monitor_page.h"

#include <algorithm>
#include <functional>

#include "base/numbers.h"
#include "base/text.h"
#include "report/density_chart.h"
#include "report/html_page.h"
#include "report/line_chart.h"
#include "report/table.h"

namespace nescio::report {
namespace {

using monitoring::Monitor;
using monitoring::WindowReport;
using Value = std::function<double(const WindowReport&)>;

constexpr std::size_t table_rows = 20;

std::string percent(double share) { return per_cent(share, 1) + " %"; }

/// The share of calibration rows that their own thresholds flag.
double expected_rate(const Monitor& monitor) {
  return 1 - metrics::share(monitor.calibration().kept().rows);
}

LineSeries series(const Monitor& monitor, const std::string& name, const std::string& style,
                  const Value& value) {
  LineSeries out{name, style, {}};
  for (const WindowReport& r : monitor.history()) {
    out.points.push_back({static_cast<double>(r.rows), value(r)});
  }
  return out;
}

/// A chart over the rows, with a line where the alarm was raised.
Html monitor_chart(const Monitor& monitor, const std::string& caption,
                   const std::vector<LineSeries>& lines, const AxisInfo& y) {
  std::optional<LineMark> mark;
  if (monitor.alarm_row()) mark = {static_cast<double>(*monitor.alarm_row()), "alarm"};
  const Html drawn = line_chart(lines, {"row"}, y, caption + " over rows", mark);
  return drawn.empty() ? drawn : tag("figure", tag("figcaption", caption) + drawn);
}

Html state_words(const Monitor& monitor) {
  const auto& test = monitor.test();
  const std::string budget = percent(1 / test.needed());
  if (!monitor.alarm_row()) {
    return tag(
        "p",
        text("No alarm: the evidence that the scores are no longer those of calibration "
             "is ",
             short_number(test.capital()), " : 1 and was at most ", short_number(test.largest()),
             " : 1. An alarm takes ", short_number(test.needed()), " : 1, which at most ", budget,
             " of streams without any change ever reach."));
  }
  return tag("p",
             tag("strong", text("Alarm at row ", thousands(*monitor.alarm_row()), ".")) +
                 text(" The scores ", words_of(test.change()), ": evidence ",
                      short_number(test.capital()), " : 1. At most ", budget,
                      " of streams without any change ever reach ", short_number(test.needed()),
                      " : 1. The alarm stays until the monitor "
                      "is begun anew."));
}

Html monitor_curves(const Monitor& monitor) {
  const double expected = expected_rate(monitor), needed = monitor.test().needed();
  const auto level = [](double value) { return [value](const WindowReport&) { return value; }; };
  const auto line = [&](const char* name, const char* style, const Value& value) {
    return series(monitor, name, style, value);
  };
  Html out;
  out +=
      monitor_chart(monitor, "Flagged rows of the window",
                    {line("flagged", "first", [](const auto& r) { return 100 * share(r.flagged); }),
                     line("lower", "other", [](const auto& r) { return 100 * r.rate.lower; }),
                     line("upper", "other", [](const auto& r) { return 100 * r.rate.upper; }),
                     line("calibration", "third", level(100 * expected))},
                    {"per cent"});
  out += monitor_chart(monitor, "Evidence for a change",
                       {line("evidence", "first", [](const auto& r) { return r.evidence; }),
                        line("alarm", "second", level(needed))},
                       {"to 1", true});
  out += monitor_chart(monitor, "Distance of the scores (KS)",
                       {line("KS", "first", [](const auto& r) { return r.ks.statistic; })},
                       {"distance"});
  out += monitor_chart(monitor, "Stability index of the scores (PSI)",
                       {line("PSI", "first", [](const auto& r) { return r.psi; }),
                        line("by chance", "third", [](const auto& r) { return r.psi_by_chance; })},
                       {"index"});
  if (out.empty()) return tag("p", "Curves begin with the second report.");
  return tag("div", {{"class", "panels pairs"}}, out);
}

Html scores(const Monitor& monitor) {
  const auto doubles = [](const std::vector<float>& values) {
    return std::vector<double>(values.begin(), values.end());
  };
  const std::vector<float> window = monitor.window_scores();
  if (window.empty()) return {};
  const double threshold = monitor.calibration().threshold().value;
  const auto drawn = density_chart({{"calibration", "id", doubles(monitor.calibration_scores())},
                                    {"window", "near", doubles(window)}},
                                   "Scores of the window and of calibration",
                                   DensityMark{threshold, "threshold", "threshold"});
  const std::string of = text("The last ", thousands(window.size()), " rows and the ",
                              thousands(monitor.calibration_scores().size()),
                              " rows of calibration. Higher = more OOD.");
  return tag("div", {{"class", "dots"}}, tag("figure", tag("figcaption", of) + drawn.chart));
}

Html reports(const Monitor& monitor) {
  TextTable table;
  for (const char* name :
       {"row", "window", "flagged", "interval", "KS", "p", "PSI", "by chance", "evidence"}) {
    table.columns.push_back({name, true});
  }
  const auto& history = monitor.history();
  for (auto r = history.rbegin(); r != history.rend() && table.rows.size() < table_rows; ++r) {
    table.rows.push_back(
        {thousands(r->rows), thousands(r->flagged.rows), percent(share(r->flagged)),
         percent(r->rate.lower) + " to " + percent(r->rate.upper), short_number(r->ks.statistic),
         short_number(r->ks.p_value), short_number(r->psi), short_number(r->psi_by_chance),
         short_number(r->evidence)});
  }
  return table.rows.empty() ? Html() : to_html(table, "The latest reports, newest first");
}

}  // namespace

std::string monitor_page(const std::string& detector, const Monitor& monitor,
                         const std::string& time, int reload_seconds) {
  Html headlines = headline(monitor.alarm_row() ? "Alarm" : "No alarm",
                            text("evidence ", short_number(monitor.test().capital()), " of ",
                                 short_number(monitor.test().needed()), " that it takes"));
  if (monitor.rows() > 0) {
    const WindowReport now = monitor.report();
    headlines += headline(percent(share(now.flagged)),
                          text("of the last ", thousands(now.flagged.rows), " rows flagged; ",
                               percent(expected_rate(monitor)), " of calibration"));
    headlines += headline(short_number(now.ks.p_value), "p-value of their distance (KS)");
    headlines += headline(short_number(now.psi), "their stability index (PSI)");
  }
  const std::string unreadable =
      monitor.unreadable() == 0
          ? ""
          : text(" Rows that could not be read: ", thousands(monitor.unreadable()), ".");
  const Html state =
      state_words(monitor) +
      tag("p", text("Written ", time, "; ", thousands(monitor.flagged()), " of ",
                    thousands(monitor.rows()), " rows were flagged so far.", unreadable));
  return html_page("Monitor of " + detector, headlines,
                   {{"state", "State", "What the stream says", state},
                    {"curves", "Curves", "Over the rows", monitor_curves(monitor)},
                    {"scores", "Scores", "Scores", scores(monitor)},
                    {"reports", "Reports", "Reports", reports(monitor)}},
                   reload_seconds);
}

}  // namespace nescio::report
