// Speed of the kernels of math/ on one thread, as ratios to yardsticks that are measured in turn
// with them:
//   of_read, of_copy  bytes per second against reading, copying 256 MiB (higher is better, 1 = memory-bound)
//   of_exp            exponentials per second against exp on cached data
//   of_gemm           GFLOP/s against oneDNN's product of 2048^3
//   of_search         time against the GEMM of the same bank search at D 512 (lower is better)
//   of_plain          the same search without bounds of bytes (higher is better)
// The machine may be shared: look at the ratios, not at the times.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

#include "base/threads.h"
#include "math/gemm.h"
#include "math/nearest_rows.h"
#include "math/row_kernels.h"
#include "math/top_k.h"

namespace {

using namespace nescio::math;
using Work = std::function<void()>;

/// Processor time of this thread: what others do on the machine disturbs it less than the clock on
/// the wall.
double seconds(const Work& work) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  const double start = now();
  work();
  return now() - start;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

/// Runs work and yardstick in turn; gives the median of (yardstick's time / work's time).
double measure(benchmark::State& state, const Work& work, const Work& yardstick) {
  work();
  yardstick();
  std::vector<double> ratios;
  for (auto _ : state) {
    const double own = seconds(work);
    const double other = seconds(yardstick);
    state.SetIterationTime(own);
    ratios.push_back(other / own);
  }
  return median(ratios);
}

std::vector<float> random_values(std::size_t count, float scale = 1) {
  std::vector<float> values(count);
  std::uint32_t state = 1;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = scale * (static_cast<float>(state >> 8) / 8388608.0f - 1);
  }
  return values;
}

constexpr std::size_t kMemory = std::size_t{256} << 20;

void read_memory(const std::vector<float>& values) {
  const auto* words = reinterpret_cast<const char*>(values.data());
  std::uint64_t sums[8] = {};
  std::uint64_t word[8];
  for (std::size_t i = 0; i + 64 <= values.size() * 4; i += 64) {
    std::memcpy(word, words + i, 64);
    for (int l = 0; l < 8; ++l) sums[l] += word[l];
  }
  benchmark::DoNotOptimize(sums);
}

/// A reduction over rows that lie in memory, not in caches.
void rows_from_memory(
    benchmark::State& state,
    const std::function<void(const float*, std::size_t, std::size_t, float*)>& kernel) {
  const auto width = static_cast<std::size_t>(state.range(0));
  const std::size_t rows = kMemory / 4 / width;
  static const auto values = random_values(kMemory / 4, 10);
  static std::vector<float> copy(kMemory / 4);
  std::vector<float> y(rows);
  const double bytes = static_cast<double>(rows * width * 4 + rows * 4);
  const Work work = [&] { kernel(values.data(), rows, width, y.data()); };
  state.counters["of_read"] =
      measure(state, work, [&] { read_memory(values); }) * bytes / static_cast<double>(kMemory);
  double copy_time = 1e9, own_time = 1e9;
  for (int i = 0; i < 5; ++i) {
    copy_time =
        std::min(copy_time, seconds([&] { std::memcpy(copy.data(), values.data(), kMemory); }));
    own_time = std::min(own_time, seconds(work));
  }
  state.counters["of_copy"] = copy_time / own_time * bytes / (2.0 * static_cast<double>(kMemory));
  state.counters["GB/s"] = bytes / own_time / 1e9;
}

void max_logit(benchmark::State& state) {
  rows_from_memory(state, [](const float* x, std::size_t rows, std::size_t width, float* y) {
    reduce(Reduction::max, x, width, rows, width, y, 1);
  });
}
void sum_of_squares(benchmark::State& state) {
  rows_from_memory(state, [](const float* x, std::size_t rows, std::size_t width, float* y) {
    reduce(Reduction::sum_of_squares, x, width, rows, width, y, 1);
  });
}
void argmax_column(benchmark::State& state) {
  rows_from_memory(state, [](const float* x, std::size_t rows, std::size_t width, float* y) {
    argmax(x, width, rows, width, y, 1);
  });
}
void finite(benchmark::State& state) {
  rows_from_memory(state, [](const float* x, std::size_t rows, std::size_t width, float*) {
    benchmark::DoNotOptimize(all_finite(x, rows * width));
  });
}
void log_odds_rows(benchmark::State& state) {
  rows_from_memory(state, [](const float* x, std::size_t rows, std::size_t width, float* y) {
    log_odds(x, width, rows, width, y, 1);
  });
}
BENCHMARK(log_odds_rows)->Arg(10)->Arg(100)->UseManualTime()->MinTime(1);
BENCHMARK(max_logit)->Arg(10)->Arg(100)->Arg(1000)->UseManualTime()->MinTime(1);
BENCHMARK(sum_of_squares)->Arg(10)->Arg(100)->Arg(1000)->UseManualTime()->MinTime(1);
BENCHMARK(argmax_column)->Arg(10)->Arg(100)->Arg(1000)->UseManualTime()->MinTime(1);
BENCHMARK(finite)->Arg(1000)->UseManualTime()->MinTime(1);

/// A kernel with one exponential a value, on data in cache, against exp alone.
void cached_exps(
    benchmark::State& state,
    const std::function<void(const float*, std::size_t, std::size_t, float*)>& kernel) {
  const auto width = static_cast<std::size_t>(state.range(0));
  const std::size_t rows = 32000 / width;
  const auto x = random_values(rows * width, 10);
  std::vector<float> y(rows * width), z(rows * width);
  const Work work = [&] { kernel(x.data(), rows, width, y.data()); };
  state.counters["of_exp"] =
      measure(state, work, [&] { apply(Unary::exp, x.data(), z.data(), rows * width); });
}

void exp_alone(benchmark::State& state) {
  cached_exps(state, [](const float* x, std::size_t rows, std::size_t width, float* y) {
    apply(Unary::exp, x, y, rows * width);
  });
  state.SetItemsProcessed(state.iterations() * 32000);
}
void energy(benchmark::State& state) {
  cached_exps(state, [](const float* x, std::size_t rows, std::size_t width, float* y) {
    reduce(Reduction::logsumexp, x, width, rows, width, y, 1);
  });
}
void msp(benchmark::State& state) {
  cached_exps(state, [](const float* x, std::size_t rows, std::size_t width, float* y) {
    logsumexp_rest(x, width, rows, width, y, 1);
  });
}
void softmax_rows(benchmark::State& state) {
  cached_exps(state, [](const float* x, std::size_t rows, std::size_t width, float* y) {
    softmax(x, width, rows, width, y);
  });
}
void log_rate(benchmark::State& state) {
  cached_exps(state, [](const float* x, std::size_t rows, std::size_t width, float* y) {
    apply(Unary::log, x, y, rows * width);
  });
}
void pow_rate(benchmark::State& state) {
  static const auto base = [] {
    auto values = random_values(32000);
    for (float& value : values) value = std::abs(value);
    return values;
  }();
  static const float exponent = 0.1f;
  cached_exps(state, [](const float*, std::size_t rows, std::size_t width, float* y) {
    apply(Binary::pow, {base.data(), width, 1}, {&exponent, 0, 0}, y, rows, width);
  });
}
BENCHMARK(exp_alone)->Arg(1000)->UseManualTime();
BENCHMARK(energy)->Arg(10)->Arg(100)->Arg(1000)->UseManualTime();
BENCHMARK(msp)->Arg(10)->Arg(100)->Arg(1000)->UseManualTime();
BENCHMARK(softmax_rows)->Arg(10)->Arg(100)->Arg(1000)->UseManualTime();
BENCHMARK(log_rate)->Arg(1000)->UseManualTime();
BENCHMARK(pow_rate)->Arg(1000)->UseManualTime();

/// y = x - mean over a block that stays in L2.
void subtract_row(benchmark::State& state) {
  const auto width = static_cast<std::size_t>(state.range(0));
  const std::size_t rows = 65536 / width;
  const auto x = random_values(rows * width), mean = random_values(width);
  std::vector<float> y(rows * width), copy(rows * width);
  state.counters["of_copy"] = measure(
      state,
      [&] {
        apply(Binary::subtract, {x.data(), width, 1}, {mean.data(), 0, 1}, y.data(), rows, width);
      },
      [&] { std::memcpy(copy.data(), x.data(), rows * width * 4); });
}
BENCHMARK(subtract_row)->Arg(10)->Arg(64)->Arg(512)->UseManualTime();

struct Product {
  explicit Product(std::size_t m_, std::size_t n_, std::size_t k_)
      : m(m_), n(n_), k(k_), a(random_values(m * k)), b(random_values(n * k)), c(m * n) {}
  void run() { gemm(true, m, n, k, 1, a.data(), k, b.data(), k, 0, c.data(), n); }
  double flops() const {
    return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  }
  std::size_t m, n, k;
  std::vector<float> a, b, c;
};

Product& yardstick_product() {
  static Product product(2048, 2048, 2048);
  return product;
}

void gemm_block(benchmark::State& state) {
  Product product(static_cast<std::size_t>(state.range(0)),
                  static_cast<std::size_t>(state.range(1)),
                  static_cast<std::size_t>(state.range(2)));
  Product& yardstick = yardstick_product();
  state.counters["of_gemm"] = measure(
                                  state, [&] { product.run(); }, [&] { yardstick.run(); }) *
                              product.flops() / yardstick.flops();
}
BENCHMARK(gemm_block)
    ->Args({256, 512, 512})
    ->Args({256, 1024, 512})
    ->Args({512, 2048, 2048})
    ->UseManualTime();

/// What keeping the k first adds to the products of 256 rows with a bank of 50,000 at D 512.
void top_k_search(benchmark::State& state) {
  const auto k = static_cast<std::size_t>(state.range(0));
  const std::size_t rows = 256, tile = 1024, bank = 50000, d = 512;
  // A tile as it leaves the GEMM lies in L2; its values change from one to the next.
  std::vector<std::vector<float>> tiles(49);
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (auto& values : tiles) {
    values.resize(rows * tile);
    for (float& value : values) value = normal(random);
  }
  std::vector<float> y(rows * k);
  RunningTopK top(rows, k, Order::ascending);
  Product product(rows, tile, d);
  double copies = 0;
  std::vector<double> shares;
  for (auto _ : state) {
    top.reset();
    double own = 0, products = 0;
    for (std::size_t first = 0; first < bank; first += tile) {
      products += seconds([&] { product.run(); });
      // Brings this tile where the product would have left it.
      std::memcpy(product.c.data(), tiles[first / tile].data(), rows * tile * sizeof(float));
      own += seconds([&] { top.add(product.c.data(), tile, std::min(tile, bank - first), first); });
    }
    own += seconds([&] { top.finish(y.data(), nullptr); });
    state.SetIterationTime(own);
    shares.push_back(own / products);
    copies += own;
  }
  state.counters["of_search"] = median(shares);
  state.counters["us_per_row"] =
      copies / static_cast<double>(state.iterations()) / static_cast<double>(rows) * 1e6;
}
BENCHMARK(top_k_search)->Arg(1)->Arg(50)->Arg(1000)->UseManualTime()->Unit(benchmark::kMillisecond);

/// The k-th nearest of 50,000 normal rows: with bounds against without them and against the product.
void bank_search(benchmark::State& state) {
  const auto k = static_cast<std::size_t>(state.range(0));
  const auto d = static_cast<std::size_t>(state.range(1));
  const auto classes = static_cast<std::size_t>(state.range(2));
  const std::size_t points = 256, rows = 50000;
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> centres(classes * d), bank(rows * d), x(points * d);
  for (auto* values : {&centres, &bank, &x}) {
    std::ranges::generate(*values, [&] { return normal(random); });
    if (values == &centres) continue;
    for (std::size_t i = 0; i < values->size() && classes > 0; ++i) {
      (*values)[i] += centres[i / d % classes * d + i % d];
    }
  }
  const DistanceTable table(nescio::Array({rows, d}, std::move(bank)), rows, d);
  const auto bounds = nescio::math::bounds_that_pay(table, k, points);
  std::vector<float> tile(points * NearestRows::tile_columns), y(points * k);
  std::vector<float> scratch(DistanceTable::scratch_floats(points, d));
  NearestRows bounded(table, &bounds, points, Order::ascending, {{k - 1, k}});
  NearestRows plain(table, nullptr, points, Order::ascending, {{k - 1, k}});
  const auto search = [&](NearestRows& nearest) {
    nearest.search({x.data(), points, d}, points, tile.data(), scratch.data(), y.data());
  };
  for (int i = 0; i < 6; ++i) search(bounded);  // tries its ways
  state.counters["of_plain"] = measure(
      state, [&] { search(bounded); }, [&] { search(plain); });
  Product& product = yardstick_product();
  const double bound = 2.0 * static_cast<double>(points * rows * d) / product.flops();
  double own = 1e9, gemm_time = 1e9;
  for (int i = 0; i < 5; ++i) {
    own = std::min(own, seconds([&] { search(bounded); }));
    gemm_time = std::min(gemm_time, seconds([&] { product.run(); }));
  }
  state.counters["of_gemm"] = gemm_time * bound / own;
  state.counters["directions"] =
      bounds.scout ? static_cast<double>(bounds.levels.front().width()) : 0.0;
}
// k, D, classes about whose means the rows lie (0: one)
BENCHMARK(bank_search)
    ->Args({50, 512, 0})
    ->Args({50, 512, 100})
    ->Args({1000, 512, 100})
    ->Args({50, 2048, 1000})
    ->Args({50, 64, 10})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

void sort_512(benchmark::State& state) {
  const std::size_t width = 512, rows = 256;
  const auto prefix = static_cast<std::size_t>(state.range(0));
  const auto x = random_values(rows * width);
  std::vector<float> y(rows * prefix), z(rows * width), scratch(sort_scratch_floats(width));
  state.counters["of_exp"] = measure(
      state,
      [&] {
        sort_rows(x.data(), width, rows, width, prefix, Order::descending, scratch.data(), y.data(),
                  nullptr);
      },
      [&] { apply(Unary::exp, x.data(), z.data(), rows * width); });
}
BENCHMARK(sort_512)->Arg(10)->Arg(100)->Arg(512)->UseManualTime();

}  // namespace

int main(int argc, char** argv) {
  nescio::set_thread_count(1);
  benchmark::AddCustomContext("kernels", simd_target());
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
