// Neighbours and Mahalanobis distances by the executor of libtorch, against the rate of the device's own products.
//   nescio_torch_executor_bench [DEVICE] [KEY=VALUE ...]
//   tile=134217728 block=0 gemm=8192 queries=16384 k=50 bank=200000x2048 bank=1280000x512 mahalanobis=100000x2048x1000 cpu_rows=512 rounds=3
// Seconds on a CPU: cpu gemm=1024 queries=512 bank=20000x512 mahalanobis=2000x512x100
#include <torch/types.h>

#include <cmath>
#include <cstdio>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/numbers.h"
#include "expr_torch/torch_executor.h"
#include "measure.h"
#include "nn/network.h"

namespace nescio::bench {
namespace {

using expr::Expr;

struct Sizes {
  std::string device = "auto";
  std::size_t gemm = 8192, queries = 16384, k = 50, cpu_rows = 512, rounds = 3;
  expr::TorchSettings settings = {};
  std::vector<std::vector<std::size_t>> banks, mahalanobis;
};

/// "100000x2048x1000"
std::vector<std::size_t> sizes_in(const std::string& value, std::size_t count) {
  std::vector<std::size_t> sizes;
  std::istringstream words(value);
  for (std::string size; std::getline(words, size, 'x');) {
    sizes.push_back(static_cast<std::size_t>(parse_integer(size, "size")));
  }
  if (sizes.size() != count) fail("expected ", count, " sizes with x between them, found ", value);
  return sizes;
}

Sizes read(int argc, char** argv) {
  Sizes sizes;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos) {
      sizes.device = argument;
      continue;
    }
    const std::string key = argument.substr(0, equals), value = argument.substr(equals + 1);
    const std::map<std::string, std::size_t*> numbers = {{"gemm", &sizes.gemm},
                                                         {"queries", &sizes.queries},
                                                         {"k", &sizes.k},
                                                         {"cpu_rows", &sizes.cpu_rows},
                                                         {"rounds", &sizes.rounds},
                                                         {"tile", &sizes.settings.tile_values},
                                                         {"block", &sizes.settings.block_rows}};
    if (key == "bank") {
      sizes.banks.push_back(sizes_in(value, 2));
    } else if (key == "mahalanobis") {
      sizes.mahalanobis.push_back(sizes_in(value, 3));
    } else if (numbers.contains(key)) {
      *numbers.at(key) = sizes_in(value, 1)[0];
    } else {
      fail("unknown key ", key);
    }
  }
  if (sizes.banks.empty()) sizes.banks = {{200'000, 2048}, {1'280'000, 512}};
  if (sizes.mahalanobis.empty()) sizes.mahalanobis = {{100'000, 2048, 1000}};
  return sizes;
}

/// Made where that is fast, read where rows of a bank are.
Array random_rows(const torch::Device& device, std::size_t rows, std::size_t width) {
  const auto options = torch::dtype(torch::kFloat).device(device);
  return nn::to_array(
      at::randn({static_cast<std::int64_t>(rows), static_cast<std::int64_t>(width)}, options));
}

std::string rate(double flops, double time) {
  std::ostringstream out;
  out << std::setprecision(4) << flops / time / 1e9 << " GFLOP/s";
  return out.str();
}

/// GFLOP/s of side^3, on data that lie on the device.
double product_rate(const torch::Device& device, std::size_t side, bool tf32, std::size_t rounds) {
  at::globalContext().setAllowTF32CuBLAS(tf32);
  const auto n = static_cast<std::int64_t>(side);
  const torch::Tensor a = at::randn({n, n}, torch::dtype(torch::kFloat).device(device));
  const torch::Tensor b = at::randn_like(a);
  torch::Tensor c = at::empty_like(a);
  constexpr int times = 4;
  const auto products = alternate({[&] {
                                    for (int i = 0; i < times; ++i) at::mm_out(c, a, b);
                                    c[0][0].item<float>();  // waits
                                  }},
                                  rounds)[0];
  at::globalContext().setAllowTF32CuBLAS(false);
  const auto wide = static_cast<double>(side);
  return times * 2 * wide * wide * wide / spread(products).median;
}

class Run {
 public:
  Run(const Sizes& sizes, const torch::Device& device, double fp32)
      : sizes_(sizes),
        executor_(expr::torch_executor(sizes.device, sizes.settings)),
        device_(device),
        fp32_(fp32) {}

  void neighbours(std::size_t rows, std::size_t width) const {
    const Array bank = random_rows(device_, rows, width);
    const auto graph = std::make_shared<expr::Graph>();
    const Expr x = expr::input(graph, "x", width);
    const Expr nearest = expr::over_rows(expr::Over::smallest, expr::squared_distances(x, bank));
    measure(text(sizes_.k, " nearest of ", rows, " x ", width), expr::column(nearest, sizes_.k - 1),
            sizes_.queries, width, 2.0 * static_cast<double>(rows) * static_cast<double>(width));
  }

  void mahalanobis(std::size_t rows, std::size_t width, std::size_t classes) const {
    const Array whitening = random_rows(device_, width, width);
    const Array means = random_rows(device_, classes, width);
    const auto graph = std::make_shared<expr::Graph>();
    const Expr x = expr::input(graph, "x", width);
    const double scale = 1 / std::sqrt(static_cast<double>(width));
    measure(text("Mahalanobis, D ", width, " C ", classes),
            expr::row_min(expr::squared_distances(expr::matmul(x, whitening) * scale, means)), rows,
            width, 2.0 * static_cast<double>(width) * static_cast<double>(width + classes));
  }

 private:
  void measure(const std::string& name, const Expr& score, std::size_t rows, std::size_t width,
               double flops_a_row) const {
    const Array x = random_rows(device_, rows, width);
    const double before = now();
    const auto program = compile({score}, executor_);
    const double compiled = now() - before;
    std::vector<float> found(rows);
    const auto run = [&](const expr::Program& of, std::size_t count) {
      of.run({{"x", x.matrix().slice(0, count)}}, {found.data()});
    };
    const double time = spread(alternate({[&] { run(*program, rows); }}, sizes_.rounds)[0]).median;
    const double share = flops_a_row * static_cast<double>(rows) / time / fp32_;
    const std::vector<float> ours = found;
    print_row(text(name, ", ", rows, " rows"),
              {rate(flops_a_row * static_cast<double>(rows), time),
               text(short_number(100 * share), " % of fp32 products"),
               text(short_number(time), " s; compiled in ", short_number(compiled))});
    const std::size_t few = std::min(sizes_.cpu_rows, rows);
    if (few == 0) return;
    const auto on_cpu = compile({score}, expr::Executor::cpu);
    const double cpu = spread(alternate({[&] { run(*on_cpu, few); }}, 1)[0]).median;
    double largest = 0, off = 0;
    for (std::size_t r = 0; r < few; ++r) {
      largest = std::max(largest, static_cast<double>(std::abs(found[r])));
      off = std::max(off, static_cast<double>(std::abs(found[r] - ours[r])));
    }
    print_row(text("  executor cpu, ", few, " rows"),
              {rate(flops_a_row * static_cast<double>(few), cpu),
               text(short_number(cpu / static_cast<double>(few) * static_cast<double>(rows) / time),
                    " times a row's time"),
               text("scores differ by ", short_number(off / largest), " of the largest")});
  }

  const Sizes& sizes_;
  expr::Executor executor_;
  torch::Device device_;
  double fp32_;
};

void run(const Sizes& sizes) {
  const torch::NoGradGuard no_gradients;
  const torch::Device device = nn::find_device(sizes.device);
  std::printf("%s, libtorch %s, %d threads; median of %zu rounds\n", device.str().c_str(),
              nn::torch_version().c_str(), thread_count(), sizes.rounds);
  nn::use_our_threads();
  const double fp32 = product_rate(device, sizes.gemm, false, sizes.rounds);
  print_row(text("product ", sizes.gemm, "^3, fp32"), {rate(fp32, 1)});
  if (!device.is_cpu()) {
    const double tf32 = product_rate(device, sizes.gemm, true, sizes.rounds);
    print_row(text("product ", sizes.gemm, "^3, TF32"), {rate(tf32, 1)});
  }
  const Run bench(sizes, device, fp32);
  for (const auto& bank : sizes.banks) bench.neighbours(bank[0], bank[1]);
  for (const auto& m : sizes.mahalanobis) bench.mahalanobis(m[0], m[1], m[2]);
}

}  // namespace
}  // namespace nescio::bench

int main(int argc, char** argv) {
  try {
    nescio::bench::run(nescio::bench::read(argc, argv));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
