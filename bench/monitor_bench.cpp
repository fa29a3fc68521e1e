// How often the alarm of `nescio monitor` is raised while nothing changes, and how many rows it takes after a change.
//   nescio_monitor_bench [STREAMS]        fixed seeds: the same figures everywhere
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <vector>

#include "base/rng.h"
#include "monitoring/betting.h"
#include "monitoring/stream_p_values.h"

namespace nescio::bench {
namespace {

using monitoring::BettingMartingale;
using monitoring::StreamPValues;

constexpr int never = std::numeric_limits<int>::max();

/// A score behind the change; before it and in calibration scores are standard normal.
using Changed = std::function<double(Rng&)>;

struct Stream {
  std::size_t calibration = 1000;
  int rows = 10000;
  int change = never;
  Changed changed = {};
  double false_alarms = 0.01;
  bool frozen = false;  // p-values among the calibration rows alone: what one must not bet on
};

/// Rows from the change (else from the beginning) to the alarm; `never`.
int rows_to_alarm(const Stream& stream, std::uint64_t seed) {
  Rng rng(seed, 1);
  std::vector<float> calibration(stream.calibration);
  for (float& score : calibration) score = static_cast<float>(rng.normal());
  StreamPValues p(calibration, seed);
  std::ranges::sort(calibration);
  BettingMartingale test(stream.false_alarms);
  for (int r = 0; r < stream.rows; ++r) {
    const auto score = static_cast<float>(r >= stream.change ? stream.changed(rng) : rng.normal());
    if (stream.frozen) {
      const auto above = calibration.end() - std::ranges::upper_bound(calibration, score);
      test.bet((static_cast<double>(above) + rng.uniform()) /
               static_cast<double>(calibration.size() + 1));
    } else {
      test.bet(p.next(score));
    }
    if (test.alarm()) return stream.change == never ? r : r - stream.change + 1;
  }
  return never;
}

void false_alarms(std::size_t streams) {
  std::printf("alarms in streams of 10,000 rows without any change, %zu streams\n", streams);
  std::printf("%12s %8s %12s %26s\n", "calibration", "budget", "alarms", "among calibration alone");
  for (const std::size_t calibration : {100U, 1000U, 10000U}) {
    for (const double budget : {0.01, 0.05}) {
      double share[2] = {0, 0};
      for (std::size_t s = 0; s < streams; ++s) {
        for (const bool frozen : {false, true}) {
          const bool raised =
              rows_to_alarm({.calibration = calibration, .false_alarms = budget, .frozen = frozen},
                            s) != never;
          share[frozen] += raised ? 1 / static_cast<double>(streams) : 0;
        }
      }
      std::printf("%12zu %6.0f %% %10.2f %% %24.2f %%\n", calibration, 100 * budget, 100 * share[0],
                  100 * share[1]);
    }
  }
}

void delays(std::size_t streams) {
  std::printf(
      "\nrows from the change to the alarm (budget 1 %%): median, 90 %% quantile; - later than "
      "10,000\n");
  struct Case {
    const char* name;
    Changed changed;
  };
  const auto shifted = [](double by) { return [by](Rng& rng) { return rng.normal() + by; }; };
  const auto mixed = [](double share) {
    return [share](Rng& rng) { return rng.normal() + (rng.uniform() < share ? 3 : 0); };
  };
  const std::vector<Case> cases = {{"all scores + 0.1 sd", shifted(0.1)},
                                   {"all scores + 0.25 sd", shifted(0.25)},
                                   {"all scores + 0.5 sd", shifted(0.5)},
                                   {"all scores + 1 sd", shifted(1)},
                                   {"all scores + 2 sd", shifted(2)},
                                   {"all scores - 0.5 sd", shifted(-0.5)},
                                   {"2 % of rows + 3 sd", mixed(0.02)},
                                   {"5 % of rows + 3 sd", mixed(0.05)},
                                   {"20 % of rows + 3 sd", mixed(0.2)},
                                   {"sd doubled", [](Rng& rng) { return 2 * rng.normal(); }},
                                   {"sd halved", [](Rng& rng) { return 0.5 * rng.normal(); }}};
  std::printf("%-22s", "change");
  for (const char* where : {"n 1000, row 1000", "n 10000, row 1000", "n 10000, row 100000"})
    std::printf("%22s", where);
  std::printf("\n");
  for (const Case& one : cases) {
    std::printf("%-22s", one.name);
    for (const auto& [calibration, change] :
         {std::pair<std::size_t, int>{1000, 1000}, {10000, 1000}, {10000, 100000}}) {
      std::vector<int> rows;
      for (std::size_t s = 0; s < streams; ++s) {
        const int found = rows_to_alarm({.calibration = calibration,
                                         .rows = change + 10000,
                                         .change = change,
                                         .changed = one.changed},
                                        s);
        if (found > 0) rows.push_back(found);  // else a false alarm
      }
      std::ranges::sort(rows);
      const auto print = [](int value) {
        value == never ? std::printf("%11s", "-") : std::printf("%11d", value);
      };
      print(rows[rows.size() / 2]);
      print(rows[rows.size() * 9 / 10]);
    }
    std::printf("\n");
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace nescio::bench

int main(int argc, char** argv) {
  const std::size_t streams = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2000;
  nescio::bench::false_alarms(streams);
  nescio::bench::delays(std::max<std::size_t>(1, streams / 10));
}
