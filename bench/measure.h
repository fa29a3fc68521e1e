// Times of pieces of work that are compared in one run.
//
// The machine may be shared, so a time means nothing alone: works that are compared run in turn,
// round after round, and what is quoted is the median over rounds of a ratio within a round, with
// the smallest and the largest. On one thread the clock is the processor's (others that want the
// core do not count), on several threads the one on the wall.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iomanip>
#include <sstream>
#include <string>
#include <vector>

#include "base/threads.h"

namespace nescio::bench {

using Work = std::function<void()>;
using Times = std::vector<double>;  // seconds, by round

struct Spread {
  double median = 0;
  double low = 0;
  double high = 0;
};

inline Spread spread(Times values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return {(values[(n - 1) / 2] + values[n / 2]) / 2, values.front(), values.back()};
}

/// a / b, round by round.
inline Times operator/(Times a, const Times& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] /= b[i];
  return a;
}

inline double now() {
  timespec time{};
  clock_gettime(thread_count() == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

inline double seconds(const Work& work) {
  const double start = now();
  work();
  return now() - start;
}

/// Runs all works in turn, `rounds` times after one round that does not count: times by work.
inline std::vector<Times> alternate(const std::vector<Work>& works, std::size_t rounds) {
  std::vector<Times> times(works.size());
  for (std::size_t round = 0; round <= rounds; ++round) {
    for (std::size_t w = 0; w < works.size(); ++w) {
      const double time = seconds(works[w]);
      if (round > 0) times[w].push_back(time);
    }
  }
  return times;
}

/// "1.23 (1.20 .. 1.31)"
inline std::string print(const Spread& s) {
  std::ostringstream out;
  out << std::setprecision(3) << s.median << " (" << s.low << " .. " << s.high << ")";
  return out.str();
}
inline std::string print(const Times& times) { return print(spread(times)); }

/// One line of a table: the first column wide, the others aligned.
inline void print_row(const std::string& name, const std::vector<std::string>& columns) {
  std::printf("%-34s", name.c_str());
  for (const std::string& c : columns) std::printf("  %-26s", c.c_str());
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace nescio::bench
