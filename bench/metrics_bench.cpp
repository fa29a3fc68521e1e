// AUROC, AUPR in and out and FPR at 95 % both ways: 10 million scores against scikit-learn, and
// what bootstrap intervals cost.
//   NESCIO_PYTHON=/path/to/python nescio_metrics_bench [THREADS]
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

void against_scikit_learn(const std::string& name, const std::vector<float>& id,
                          const std::vector<float>& ood) {
  std::vector<metrics::Measurement> measured;
  const Array id_array({id.size()}, std::vector(id));
  const Array ood_array({ood.size()}, std::vector(ood));
  const Work own = [&] {
    measured = metrics::measure(metrics::rank_rows(id_array, ood_array), {.resamples = 0});
  };
  own();
  if (!python()) {
    print_row(name, {"", print(alternate({own}, 7)[0]) + " s"});
    return;
  }
  const TemporaryFolder folder;
  io::write_npy(folder.path() / "id.npy", id_array);
  io::write_npy(folder.path() / "ood.npy", ood_array);
  Times own_times;
  Times their_times;
  for (int round = 0; round < 3; ++round) {
    own_times.push_back(spread(alternate({own}, 3)[0]).median);
    const auto theirs = run_python("metrics.py", folder.path());
    their_times.push_back(theirs.at("seconds").get<double>());
    for (const metrics::Measurement& m : measured) {
      const auto value = theirs.at(m.metric->name).get<double>();
      if (!(std::abs(m.value - value) < 1e-9)) {
        fail(m.metric->name, ": expected ", value, " as scikit-learn says, found ", m.value);
      }
    }
  }
  print_row(name,
            {print(their_times / own_times), print(own_times) + " s", print(their_times) + " s"});
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
              python() ? "" : "; set NESCIO_PYTHON to compare with scikit-learn");
  print_row("5 + 5 million scores", {"scikit-learn / Nescio", "Nescio", "scikit-learn"});
  try {
    const auto id = normal_scores(5'000'000, 0, 1);
    const auto ood = normal_scores(5'000'000, 1, 2);
    against_scikit_learn("distinct", id, ood);
    against_scikit_learn("many ties", coarse(id), coarse(ood));
    bootstrap(1000);
    bootstrap(10000);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "metrics_bench: %s\n", error.what());
    return 1;
  }
}
