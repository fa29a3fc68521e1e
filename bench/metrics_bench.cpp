// AUROC, AUPR in and out and FPR at 95 % both ways: 1 and 10 million scores against what sorting them must move,
// scikit-learn, pytorch-ood and OpenOOD, and what bootstrap intervals cost.
//   NESCIO_PYTHON=/path/to/python [OPENOOD=/path/to/checkout] nescio_metrics_bench [THREADS]
#include <cmath>
#include <cstdio>

#include "base/array.h"
#include "base/rng.h"
#include "base/threads.h"
#include "io/npy.h"
#include "measure.h"
#include "metrics/measure.h"
#include "python_yardstick.h"
#include "temporary_folder.h"
#include "yardsticks.h"

namespace nescio::bench {
namespace {

std::vector<float> normal_scores(std::size_t count, double mean, std::uint64_t seed) {
  std::vector<float> scores(count);
  parallel_for(count / 1000, [&](std::size_t block) {
    Rng rng(seed, block);
    for (std::size_t i = 0; i < 1000; ++i) {
      scores[block * 1000 + i] = static_cast<float>(rng.normal() + mean);
    }
  });
  return scores;
}

/// Scores with many ties: rounded to 1/64.
std::vector<float> coarse(std::vector<float> scores) {
  for (float& s : scores) s = std::round(s * 64) / 64;
  return scores;
}

constexpr const char* toolkits[] = {"scikit-learn", "pytorch-ood", "OpenOOD"};

/// What a radix sort of keys with their rows, 8 bytes together, moves at least: read and written once for each of the
/// four bytes of a key.
constexpr double bytes_a_score = 4 * 2 * 8;

void against_toolkits(const std::string& name, const std::vector<float>& id,
                      const std::vector<float>& ood) {
  std::vector<metrics::Measurement> measured;
  const Array id_array({id.size()}, std::vector(id));
  const Array ood_array({ood.size()}, std::vector(ood));
  const Work own = [&] {
    measured = metrics::measure(metrics::rank_rows(id_array, ood_array), {.resamples = 0});
  };
  Yardsticks yardsticks;
  std::vector<Work> works = yardsticks.works();
  works.push_back(own);
  const auto times = alternate(works, 5);
  const Cost sorting = {0, bytes_a_score * static_cast<double>(id.size() + ood.size()), 0};
  std::vector<std::string> columns = {print(times.back()) + " s",
                                      print(times.back() / Yardsticks::bound(sorting, times))};
  const TemporaryFolder folder;
  if (python()) {
    io::write_npy(folder.path() / "id.npy", id_array);
    io::write_npy(folder.path() / "ood.npy", ood_array);
  }
  for (const char* toolkit : toolkits) {
    Times own_times;
    Times their_times;
    for (int round = 0; python() && round < 3; ++round) {
      own_times.push_back(spread(alternate({own}, 3)[0]).median);
      const auto theirs = run_python("metrics.py", folder.path(), {toolkit});
      if (theirs.contains("missing")) break;
      their_times.push_back(theirs.at("seconds").get<double>());
      for (const metrics::Measurement& m : measured) {
        if (!theirs.contains(m.metric->name)) continue;
        const auto value = theirs.at(m.metric->name).get<double>();
        if (!(std::abs(m.value - value) < 1e-9)) {
          fail(m.metric->name, ": expected ", value, " as ", toolkit, " says, found ", m.value);
        }
      }
    }
    columns.push_back(their_times.empty() ? "-" : print(their_times / own_times));
  }
  print_row(name, columns);
}

/// What no bootstrap can do without: one random number a row.
void draw_rows(std::size_t rows, std::size_t resamples) {
  static volatile std::uint64_t sink = 0;
  for (std::size_t r = 0; r < resamples; ++r) {
    Rng rng(1, r);
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < rows; ++i) sum += ((rng.next() >> 32) * rows) >> 32;
    sink = sink + sum;
  }
}

void bootstrap(std::size_t rows) {
  const auto array = [](std::vector<float> scores) { return Array({scores.size()}, scores); };
  const metrics::RowRanking ranked =
      metrics::rank_rows(array(normal_scores(rows, 0, 3)), array(normal_scores(rows, 1, 4)));
  const auto times = alternate(
      {[&] { metrics::measure(ranked, {.resamples = 0}); },
       [&] { metrics::measure(ranked, {.resamples = 1000}); }, [&] { draw_rows(2 * rows, 1000); }},
      9);
  print_row("1000 resamples of " + std::to_string(rows) + "+" + std::to_string(rows),
            {"", print(times[1]) + " s", "of drawing " + print(times[1] / times[2])});
}

}  // namespace
}  // namespace nescio::bench

int main(int argc, char** argv) {
  using namespace nescio::bench;
  nescio::set_thread_count(argc > 1 ? std::atoi(argv[1]) : nescio::thread_count());
  std::printf("%d threads; median (min .. max)%s\n", nescio::thread_count(),
              python() ? "" : "; set NESCIO_PYTHON to compare with toolkits");
  try {
    for (const std::size_t half : {500'000u, 5'000'000u}) {
      print_row(std::to_string(half) + " + " + std::to_string(half) + " scores",
                {"Nescio", "Nescio / bound", "scikit-learn / Nescio", "pytorch-ood / Nescio",
                 "OpenOOD / Nescio"});
      const auto id = normal_scores(half, 0, 1);
      const auto ood = normal_scores(half, 1, 2);
      against_toolkits("distinct", id, ood);
      against_toolkits("many ties", coarse(id), coarse(ood));
    }
    bootstrap(1000);
    bootstrap(10000);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "metrics_bench: %s\n", error.what());
    return 1;
  }
}
