// What the machine can do, measured in turn with the work that is compared to it.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/threads.h"
#include "math/gemm.h"
#include "math/row_kernels.h"
#include "measure.h"

namespace nescio::bench {

/// What a piece of work has to do at least.
struct Cost {
  double flops = 0;  // of its distinct matrix products
  double bytes = 0;  // read from and written to memory
  double exps = 0;
};

/// Uniform in [-scale, scale), the same on every machine.
inline std::vector<float> random_values(std::size_t count, float scale = 1) {
  std::vector<float> values(count);
  std::uint32_t state = 1;
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = scale * (static_cast<float>(state >> 8) / 8388608.0f - 1);
  }
  return values;
}

/// Three rates on thread_count() threads: oneDNN's product of 2048^3, reading 256 MiB, e^x of
/// values in the L1 cache.
class Yardsticks {
 public:
  std::vector<Work> works() {
    return {[this] { product(); }, [this] { read(); }, [this] { exponentials(); }};
  }
  static constexpr std::size_t count = 3;

  /// Seconds that `cost` takes at these rates, round by round; `times` begin with those of works().
  static Times bound(const Cost& cost, const std::vector<Times>& times) {
    Times sum(times[0].size());
    for (std::size_t i = 0; i < sum.size(); ++i) {
      sum[i] = cost.flops / flops * times[0][i] + cost.bytes / bytes * times[1][i] +
               cost.exps / exps * times[2][i];
    }
    return sum;
  }

  /// "235 GFLOP/s, 21 GB/s, 2.1 Gexp/s"
  static std::string print_rates(const std::vector<Times>& times) {
    const auto rate = [&](double amount, std::size_t i) {
      return amount / spread(times[i]).median / 1e9;
    };
    std::ostringstream out;
    out << std::setprecision(3) << rate(flops, 0) << " GFLOP/s, " << rate(bytes, 1) << " GB/s, "
        << rate(exps, 2) << " Gexp/s";
    return out.str();
  }

  static constexpr double exps = 64.0 * 1000 * 4096;

 private:
  static constexpr std::size_t side = 2048;
  static constexpr double flops = 2.0 * side * side * side;
  static constexpr std::size_t words = std::size_t{64} << 20;
  static constexpr double bytes = 4.0 * words;

  void product() {
    math::gemm(true, side, side, side, 1, a_.data(), side, b_.data(), side, 0, c_.data(), side);
  }
  // Sixteen sums, so that the additions do not wait for one another.
  void read() {
    constexpr std::size_t blocks = 64;
    parallel_for(blocks, [&](std::size_t block) {
      const float* values = memory_.data() + block * (words / blocks);
      std::uint64_t sums[16] = {};
      std::uint64_t word[16];
      for (std::size_t i = 0; i < words / blocks; i += 32) {
        std::memcpy(word, values + i, sizeof(word));
        for (std::size_t l = 0; l < 16; ++l) sums[l] += word[l];
      }
      for (const std::uint64_t sum : sums) sink_[block] = sink_[block] + sum;
    });
  }
  void exponentials() {
    parallel_for(64, [&](std::size_t) {
      float y[4096];
      for (int i = 0; i < 1000; ++i) math::apply(math::Unary::exp, a_.data(), y, 4096);
    });
  }

  std::vector<float> a_ = random_values(side * side);
  std::vector<float> b_ = random_values(side * side);
  std::vector<float> c_ = std::vector<float>(side * side);
  std::vector<float> memory_ = random_values(words);
  volatile std::uint64_t sink_[64] = {};
};

}  // namespace nescio::bench
