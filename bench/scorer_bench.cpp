// How long the installed library takes for one row, through its C++ interface on one thread.
//
//   CPU      microseconds a row; Time is that of the wall, which others on the machine lengthen
//   of_read  the bytes of the tables that the row is compared with, by that time, against reading them (1 = memory-bound)
//   of_many  time a row of 4,096 rows in one call on one thread, by time of a row alone: what asking for many would save
//
// D 512, C 100, and D 2048, C 1000; kNN over 10,000 and 50,000 rows, about means of classes and, as a search's worst case,
// about one mean. No other speed here depends on the rows.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <nescio/nescio.hpp>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace {

/// Processor time of this thread: what others do on the machine disturbs it less than the clock on the wall.
double seconds_now() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

struct World {
  std::size_t rows, width, classes;
  std::vector<float> features, logits, weight, bias;
  std::vector<std::int64_t> labels;

  World(std::size_t rows_, std::size_t width_, std::size_t classes_, std::size_t means)
      : rows(rows_), width(width_), classes(classes_) {
    std::mt19937 random(1);
    std::normal_distribution<float> noise;
    const auto fill = [&](std::vector<float>& values, std::size_t count) {
      values.resize(count);
      for (float& v : values) v = noise(random);
    };
    std::vector<float> centres;
    fill(centres, means * width);
    fill(features, rows * width);
    for (std::size_t i = 0; i < features.size(); ++i) {
      features[i] += centres[i / width % means * width + i % width];
    }
    fill(logits, rows * classes);
    fill(weight, classes * width);
    fill(bias, classes);
    for (std::size_t r = 0; r < rows; ++r) labels.push_back(static_cast<std::int64_t>(r % classes));
  }
  nescio::Arrays arrays(std::size_t first, std::size_t count) const {
    return {{"logits", &logits[first * classes], count, classes, 0},
            {"features", &features[first * width], count, width, 0}};
  }
};

const World& world(std::size_t rows, std::size_t width, std::size_t classes, std::size_t means) {
  static std::map<std::vector<std::size_t>, std::unique_ptr<World>> worlds;
  auto& kept = worlds[{rows, width, classes, means}];
  if (!kept) kept = std::make_unique<World>(rows, width, classes, means);
  return *kept;
}

/// Bytes that are read beside the row itself.
double table_bytes(const std::string& spec, const World& w) {
  if (spec.starts_with("knn")) return 4.0 * static_cast<double>(w.rows * w.width);
  return 0;
}

double read_rate() {
  static const double rate = [] {
    const std::vector<float> values(std::size_t{1} << 26, 1.0f);
    double best = 1e30;
    for (int i = 0; i < 3; ++i) {
      const double start = seconds_now();
      float sums[16] = {};
      for (std::size_t at = 0; at < values.size(); at += 16) {
        for (std::size_t j = 0; j < 16; ++j) sums[j] += values[at + j];
      }
      benchmark::DoNotOptimize(sums);
      best = std::min(best, seconds_now() - start);
    }
    return 4.0 * static_cast<double>(values.size()) / best;
  }();
  return rate;
}

void one_row(benchmark::State& state, const std::string& spec, std::size_t rows, std::size_t width,
             std::size_t classes, std::size_t means) {
  const World& w = world(rows, width, classes, means);
  nescio::FitData data;
  data.train = {w.arrays(0, w.rows), w.labels.data()};
  data.head = {w.weight.data(), w.bias.data(), classes, width};
  const nescio::Detector detector(spec, data);
  const nescio::Scorer scorer(detector);
  std::vector<nescio::Arrays> asked;
  for (std::size_t r = 0; r < 512; ++r) asked.push_back(w.arrays(r, 1));
  nescio::Answer answer;
  std::size_t next = 0;
  const auto ask = [&] {
    const nescio::Arrays& row = asked[next++ % asked.size()];
    scorer.answer(row.data(), row.size(), &answer, 1);
  };
  ask();
  const double begin = seconds_now();
  for (auto _ : state) ask();
  const double alone = (seconds_now() - begin) / static_cast<double>(state.iterations());
  if (const double bytes = table_bytes(spec, w); bytes > 0) {
    state.counters["of_read"] = bytes / alone / read_rate();
  }
  const nescio::Arrays many = w.arrays(0, std::min<std::size_t>(4096, w.rows));
  scorer.scores(many);
  const double start = seconds_now();
  scorer.scores(many);
  state.counters["of_many"] = (seconds_now() - start) / static_cast<double>(many.rows()) / alone;
}

}  // namespace

int main(int count, char** arguments) {
  nescio::set_threads(1);
  struct Setting {
    const char* spec;
    std::size_t rows, width, classes, means;
  };
  for (const Setting& s :
       {Setting{"energy", 5000, 512, 100, 1}, Setting{"energy", 5000, 2048, 1000, 1},
        Setting{"msp", 5000, 512, 100, 1}, Setting{"vim", 5000, 512, 100, 1},
        Setting{"vim", 5000, 2048, 1000, 1}, Setting{"mahalanobis", 5000, 512, 100, 1},
        Setting{"knn(k=50)", 10000, 512, 100, 1}, Setting{"knn(k=50)", 10000, 512, 100, 100},
        Setting{"knn(k=50)", 50000, 512, 100, 1}, Setting{"knn(k=50)", 50000, 512, 100, 100}}) {
    const std::string name = std::string(s.spec) + "/D" + std::to_string(s.width) + "/C" +
                             std::to_string(s.classes) + "/N" + std::to_string(s.rows) + "/means" +
                             std::to_string(s.means);
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
      one_row(state, s.spec, s.rows, s.width, s.classes, s.means);
    })->Unit(benchmark::kMicrosecond);
  }
  benchmark::Initialize(&count, arguments);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
