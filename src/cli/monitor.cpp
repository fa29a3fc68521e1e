// nescio score DETECTOR ... --json | nescio monitor DETECTOR state=FILE metrics=FILE page=FILE
// nescio monitor DETECTOR model=resnet20:PATH.th data=FOLDER
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <iomanip>
#include <ostream>
#include <thread>

#include "base/interrupt.h"
#include "base/numbers.h"
#include "base/within.h"
#include "cli/backbone.h"
#include "cli/picture_folder.h"
#include "cli/picture_scores.h"
#include "cli/verb.h"
#include "cli/watch_options.h"
#include "detectors/saved_calibration.h"
#include "io/file.h"
#include "io/json_file.h"
#include "monitoring/prometheus.h"
#include "monitoring/saved_monitor.h"
#include "monitoring/score_lines.h"
#include "report/monitor_page.h"

namespace nescio::cli::verbs {
namespace {

using monitoring::WindowReport;

constexpr int found_change = 3;       // exit status with fail_on_alarm=true
constexpr std::size_t said_rows = 5;  // that cannot be read, in full

class MonitorVerb final : public Verb {
 public:
  std::string detector, model, data, device = "auto", calibration;
  std::string state, metrics, page;
  std::int64_t window = 500, reload = 10;
  std::optional<std::int64_t> every;
  double confidence = 0.95, false_alarms = 0.01, poll = 1;
  bool reset = false, once = false, fail_on_alarm = false;

  void run(Console& console) override {
    if (model.empty() != data.empty()) {
      throw UsageError("monitor: give model= and data= (pictures), or neither (scores)");
    }
    const detectors::FittedDetector fitted = detectors::load_detector(detector);
    const detectors::Calibrations known = detectors::load_calibrations(detector);
    spec_ = fitted.chain.spec();
    monitoring::Monitor monitor(known.find(calibration).made,
                                {.window = static_cast<std::size_t>(window),
                                 .every = static_cast<std::size_t>(every.value_or(window)),
                                 .confidence = confidence,
                                 .false_alarms = false_alarms,
                                 .seed = static_cast<std::uint64_t>(seed)});
    begin(monitor, console);
    if (!(monitor.alarm_row() && fail_on_alarm)) {
      model.empty() ? read_scores(monitor, console) : read_pictures(fitted, monitor, console);
    }
    finish(monitor, console);
  }

 private:
  void begin(monitoring::Monitor& monitor, const Console& console) {
    if (!state.empty() && !reset && std::filesystem::exists(state)) {
      stamp_ = stamp_of_state();
      seen_ = monitoring::load_monitor(monitor, state);
      console.log << "nescio: goes on behind row " << monitor.rows() << " of " << state << '\n';
      if (monitor.alarm_row()) {
        console.warn(text("the alarm was raised at row ", *monitor.alarm_row(),
                          " and stays; reset=true begins anew"));
      }
    }
    reported_ = monitor.rows();
    write_files(monitor);
  }

  void read_scores(monitoring::Monitor& monitor, Console& console) {
    monitoring::LineReader lines(STDIN_FILENO);
    std::uint64_t number = 0;
    for (std::string line; !ends(monitor) && lines.next(line);) {
      ++number;
      if (trim(line).empty()) continue;
      take(monitor, console, text("line ", number),
           [&] { return monitoring::parse_score_line(line); });
    }
  }

  void read_pictures(const detectors::FittedDetector& fitted, monitoring::Monitor& monitor,
                     Console& console) {
    const auto network = load_backbone(model, device);
    for (const std::string& notice : network->notices()) console.warn(notice);
    check_network(fitted, network->identity(), network->classes());
    const PictureScorer scorer(fitted, *network);
    PictureFolder folder(data, seen_);
    const auto wait = std::chrono::milliseconds(static_cast<std::int64_t>(1000 * poll));
    while (!ends(monitor)) {
      const auto found = folder.look(once ? std::chrono::milliseconds(0) : wait);
      for (const FoundPicture& picture : found) {
        if (ends(monitor)) break;
        folder.done(picture);
        seen_ = folder.seen();
        take(monitor, console, picture.name, [&] {
          const PictureScore p = scorer.score(io::map_file(picture.path), picture.name);
          return monitoring::StreamRow{p.score, static_cast<std::uint32_t>(p.predicted)};
        });
      }
      if (once && found.empty()) break;
      if (!found.empty()) write_files(monitor);
      for (auto slept = wait * 0; slept < wait && !once && !interrupted(); slept += pause) {
        std::this_thread::sleep_for(pause);
      }
    }
  }

  /// Ctrl-C is how an endless stream ends.
  bool ends(const monitoring::Monitor& monitor) const {
    return interrupted() || (fail_on_alarm && monitor.alarm_row());
  }

  template <class Read>
  void take(monitoring::Monitor& monitor, Console& console, const std::string& where,
            const Read& read) {
    try {
      const monitoring::StreamRow row = read();
      monitor.add(row.score, row.predicted);
    } catch (const Error& e) {
      monitor.add_unreadable();
      if (++unreadable_ <= said_rows) console.warn(where + " is left out: " + e.what());
      if (unreadable_ == said_rows) console.warn("further ones are only counted");
      return;
    }
    if (monitor.alarm_row() == monitor.rows()) say_alarm(monitor, console);
    if (!monitor.is_due()) return;
    write_line(console, monitor, monitor.record());
    write_files(monitor);
  }

  void say_alarm(const monitoring::Monitor& monitor, const Console& console) const {
    const auto& test = monitor.test();
    console.warn(text(
        "ALARM at row ", monitor.rows(), ": the scores ", words_of(test.change()), "; evidence ",
        short_number(test.capital()), " : 1, and at most ", short_number(100 / test.needed()),
        " % of streams without any change ever reach ", short_number(test.needed()), " : 1"));
    console.log << std::flush;
  }

  void write_line(Console& console, const monitoring::Monitor& monitor, const WindowReport& r) {
    reported_ = r.rows;
    const bool alarm = monitor.alarm_row().has_value();
    if (console.json) {
      nlohmann::ordered_json line = {{"row", r.rows},
                                     {"window", r.flagged.rows},
                                     {"flagged", r.flagged.count},
                                     {"flag_rate", nescio::metrics::share(r.flagged)},
                                     {"flag_rate_lower", r.rate.lower},
                                     {"flag_rate_upper", r.rate.upper},
                                     {"ks", r.ks.statistic},
                                     {"ks_p_value", r.ks.p_value},
                                     {"psi", r.psi},
                                     {"psi_by_chance", r.psi_by_chance},
                                     {"evidence", r.evidence},
                                     {"alarm", alarm}};
      if (alarm) line["alarm_row"] = *monitor.alarm_row();
      console.out << io::json_line(line) << std::endl;
      return;
    }
    const auto print = [&](const std::vector<std::string>& cells) {
      for (std::size_t c = 0; c < cells.size(); ++c) {
        console.out << std::setw(c == 0 ? 10 : c == 2 ? 17 : 11) << cells[c];
      }
      console.out << std::endl;
    };
    if (!has_head_) {
      print({"row", "flagged %", "interval", "KS", "p", "PSI", "by chance", "evidence", "alarm"});
      has_head_ = true;
    }
    print({text(r.rows), per_cent(nescio::metrics::share(r.flagged)),
           per_cent(r.rate.lower) + " to " + per_cent(r.rate.upper), short_number(r.ks.statistic),
           short_number(r.ks.p_value), short_number(r.psi), short_number(r.psi_by_chance),
           short_number(r.evidence), alarm ? text("row ", *monitor.alarm_row()) : "no"});
  }

  /// Whoever reads one of them sees all of it or the one before.
  std::optional<io::FileStamp> stamp_of_state() const {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(state, ignored)) return {};
    return io::stamp_of(state);
  }

  // Of two monitors with one state each would throw away the rows of the other.
  void check_state() const {
    const auto now = stamp_of_state();
    if (!stamp_ || !now || *now == *stamp_) return;
    fail(state,
         ": another process has written it since this one did; a state is of one monitor at a "
         "time");
  }

  void write_files(const monitoring::Monitor& monitor) {
    check_state();
    const std::time_t now = std::time(nullptr);
    if (!metrics.empty()) {
      monitoring::MetricsText text(monitoring::MetricLabels{{"detector", spec_}});
      add_metrics(text, monitor, static_cast<double>(now));
      io::write_text(metrics, text.text());
    }
    if (!page.empty()) {
      char time[32] = "";
      std::tm utc{};
      if (::gmtime_r(&now, &utc)) std::strftime(time, sizeof time, "%F %T UTC", &utc);
      io::write_text(page, report::monitor_page(spec_, monitor, time, static_cast<int>(reload)));
    }
    if (state.empty()) return;
    monitoring::save_monitor(monitor, seen_, state);
    stamp_ = stamp_of_state();
  }

  void finish(const monitoring::Monitor& monitor, Console& console) {
    if (monitor.rows() > reported_) write_line(console, monitor, monitor.report());
    write_files(monitor);
    console.log << "nescio: " << thousands(monitor.rows()) << " rows, "
                << thousands(monitor.flagged()) << " flagged, " << thousands(monitor.unreadable())
                << " not readable; "
                << (monitor.alarm_row() ? text("alarm at row ", *monitor.alarm_row())
                                        : std::string("no alarm"))
                << '\n';
    if (monitor.alarm_row() && fail_on_alarm) console.status = found_change;
  }

  static constexpr std::chrono::milliseconds pause{50};

  std::string spec_;
  monitoring::SeenNames seen_;
  std::optional<io::FileStamp> stamp_;  // of the state as this monitor read or wrote it last
  std::uint64_t reported_ = 0;          // rows of the last line
  std::uint64_t unreadable_ = 0;
  bool has_head_ = false;
};

}  // namespace

VerbInfo monitor() {
  using M = MonitorVerb;
  const When<M> of_pictures{"data=", [](const M& m) { return !m.data.empty(); }};
  const auto above_0 = [](ParameterInfo info, double max = 1e9) {
    info.min = 1;
    info.max = max;
    return info;
  };
  return describe_verb<M>(
      {.name = "monitor",
       .summary = "Watch the scores of a stream: how often it is flagged, drift, and an alarm with "
                  "a budget.",
       .positional = "detector",
       .details =
           {"Reads scores from standard input, one a line: a number, or what `nescio score --json` "
            "writes; or scores the pictures that are put into a folder (data=, model=). The "
            "detector must be calibrated; the stream is compared with its calibration rows.",
            "Writes a line every so many rows (--json: an object): the share of the last rows "
            "that is flagged, with Clopper and Pearson's interval; the distance of their scores "
            "to those of calibration (KS) with its p-value; the population stability index (PSI) "
            "and what it is by chance; and the evidence that something has changed. Its alarm is "
            "raised at 1 / false_alarms : 1. As long as calibration rows and stream are "
            "exchangeable, the probability that this ever happens is at most false_alarms, "
            "however long the stream and however often one looks.",
            "With state= it goes on where it was stopped or killed, behind the last line. What "
            "cannot be read is left out, said and counted. Ctrl-C ends it. Exit status 0; with "
            "fail_on_alarm=true it ends with 3 at the alarm. docs/monitoring.md explains the "
            "numbers."},
       .examples =
           {"nescio score knn50 bank=BANK sets=cameras/today --json | nescio monitor knn50",
            "tail -f scores.txt | nescio monitor knn50 state=knn50.state metrics=knn50.prom "
            "page=knn50.html",
            "nescio monitor knn50 model=resnet20:resnet20.th data=incoming state=knn50.state"},
       .options =
           {option(&M::detector,
                   {.name = "detector", .doc = "folder that `fit` wrote", .required = true}),
            option(&M::model, model_info()),
            option(&M::data, {.name = "data", .doc = "folder into which pictures are put"}),
            option(&M::calibration,
                   {.name = "calibration", .doc = "name of a calibration; else the active one"}),
            option(&M::window,
                   above_0({.name = "window", .doc = "the last rows, which a line tells of"}, 1e7)),
            option(&M::every, above_0({.name = "every",
                                       .doc = "rows from one line to the next; auto: window"})),
            option(&M::confidence, {.name = "confidence",
                                    .doc = "of the interval of the flag rate",
                                    .min = 0,
                                    .max = 1,
                                    .min_excluded = true,
                                    .max_excluded = true}),
            option(&M::false_alarms, false_alarms_info()),
            option(&M::state, {.name = "state", .doc = "file of what was learned, to go on with"}),
            option(&M::reset, {.name = "reset", .doc = "begin anew, whatever state= holds"},
                   {"state=", [](const M& m) { return !m.state.empty(); }}),
            option(&M::metrics, {.name = "metrics", .doc = "file for Prometheus, as text"}),
            option(&M::page, {.name = "page", .doc = "HTML file that reloads itself"}),
            option(&M::reload,
                   above_0({.name = "reload", .doc = "seconds after which it does"}, 86400),
                   {"page=", [](const M& m) { return !m.page.empty(); }}),
            option(&M::poll,
                   {.name = "poll",
                    .doc = "seconds from one look into the folder to the next; a picture is read "
                           "when nobody has written to it for as long",
                    .min = 0.05,
                    .max = 86400},
                   of_pictures),
            option(&M::once, {.name = "once", .doc = "end when all pictures are read"},
                   of_pictures),
            option(&M::fail_on_alarm,
                   {.name = "fail_on_alarm", .doc = "end with exit status 3 at the alarm"}),
            option(&M::device, device_info(), of_pictures)},
       .json = true});
}

}  // namespace nescio::cli::verbs
