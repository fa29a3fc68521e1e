// Detectors on the CPU executor: against the least that the machine needs for their work, against
// torch and faiss on the same arrays, and all in one program against the sum of its parts.
//   NESCIO_PYTHON=/path/to/python nescio_detectors_bench [THREADS]
//
// The bound is flops / GEMM rate + bytes / memory bandwidth + exps / exp rate, the rates measured
// in the same round (yardsticks.h). Programs run as `score` runs them on a bank: what was checked when it
// was written is not looked at again.
#include <cmath>
#include <cstdio>

#include "base/rng.h"
#include "detectors/chain.h"
#include "io/npy.h"
#include "python_yardstick.h"
#include "temporary_folder.h"
#include "yardsticks.h"

namespace nescio::bench {
namespace {

constexpr std::size_t rounds = 7;

/// Gaussian rows about a mean of each class, [rows, width], the classes in turn.
Array class_rows(std::size_t rows, std::size_t width, std::size_t classes, std::uint64_t seed) {
  std::vector<float> values(rows * width);
  parallel_for(rows, [&](std::size_t r) {
    Rng centre(7, r % classes);
    Rng rng(seed, r);
    for (std::size_t i = 0; i < width; ++i) {
      values[r * width + i] = static_cast<float>(centre.normal() + rng.normal());
    }
  });
  return {{rows, width}, std::move(values)};
}

/// The named arrays of a batch and what a detector is fitted on.
struct World {
  std::size_t classes = 0;
  std::size_t width = 0;  // of the features; 0: logits only
  std::map<std::string, Array> arrays;
  statistics::Split train;

  expr::Batch batch() const {
    expr::Batch views;
    for (const auto& [name, array] : arrays) views.emplace(name, array.matrix());
    return views;
  }
  std::size_t rows() const { return arrays.begin()->second.rows(); }
};

World logits_world(std::size_t rows, std::size_t classes) {
  return {classes, 0, {{"logits", Array({rows, classes}, random_values(rows * classes, 10))}}, {}};
}

World features_world(std::size_t rows, std::size_t bank) {
  constexpr std::size_t classes = 100;
  constexpr std::size_t width = 512;
  std::vector<std::int64_t> labels(bank);
  for (std::size_t r = 0; r < bank; ++r) labels[r] = static_cast<std::int64_t>(r % classes);
  statistics::Split train{"bench/train",
                          {{"features", class_rows(bank, width, classes, 1)},
                           {"logits", class_rows(bank, classes, classes, 2)}},
                          Array({bank}, std::move(labels)),
                          classes};
  return {classes,
          width,
          {{"features", class_rows(rows, width, classes, 3)},
           {"logits", class_rows(rows, classes, classes, 4)}},
          std::move(train)};
}

/// Fits the specs and compiles them into one program each, and all of them into one more.
struct Programs {
  std::vector<std::unique_ptr<expr::Program>> parts;
  std::unique_ptr<expr::Program> all;

  Programs(const World& world, const std::vector<std::string>& specs) {
    std::optional<detectors::HeadTables> head;
    if (world.width > 0) {
      head = {expr::Table(class_rows(world.classes, world.width, 1, 5)),
              expr::Table(class_rows(1, world.classes, 1, 6))};
    }
    const detectors::Inputs in = detectors::make_inputs(world.classes, world.width, head);
    std::optional<statistics::Statistics> statistics;
    if (world.width > 0) statistics.emplace(world.train, expr::Executor::cpu);
    std::vector<expr::Expr> scores;
    for (const std::string& spec : specs) {
      detectors::Chain chain(spec);
      chain.fit(in, {statistics ? &*statistics : nullptr, statistics ? &*statistics : nullptr});
      scores.push_back(chain.score(in));
      parts.push_back(compile({scores.back()}, expr::Executor::cpu));
    }
    all = compile(scores, expr::Executor::cpu);
  }
};

struct Case {
  std::string spec;  // a detector with its defaults
  Cost cost;
  std::vector<std::string> python;  // works of detectors.py that it is compared to
};

/// One row of the table for each case, all on the same world.
void run_cases(const std::string& name, const World& world, const std::vector<Case>& cases) {
  std::vector<std::string> specs;
  for (const Case& c : cases) specs.push_back(c.spec);
  const Programs programs(world, specs);
  const expr::Batch batch = world.batch();

  Yardsticks yardsticks;
  std::vector<Work> works = yardsticks.works();
  std::vector<std::vector<float>> scores(cases.size(), std::vector<float>(world.rows()));
  for (std::size_t i = 0; i < cases.size(); ++i) {
    works.push_back(
        [&, i] { programs.parts[i]->run(batch, {scores[i].data()}, expr::InputCheck::none); });
  }
  const auto before = alternate(works, (rounds + 1) / 2);
  nlohmann::json python_times;
  if (python()) {
    const TemporaryFolder folder;
    io::write_npy(folder.path() / "x.npy",
                  world.arrays.at(world.width > 0 ? "features" : "logits"));
    if (world.width > 0) {
      io::write_npy(folder.path() / "train.npy", world.train.arrays.at("features"));
      io::write_npy(folder.path() / "labels.npy", world.train.labels);
    }
    for (std::size_t i = 0; i < cases.size(); ++i) {
      io::write_npy(folder.path() / ("ours_" + cases[i].spec + ".npy"),
                    Array({world.rows()}, std::vector(scores[i])));
    }
    python_times = run_python("detectors.py", folder.path());
  }
  auto times = alternate(works, rounds / 2);
  for (std::size_t w = 0; w < times.size(); ++w) {
    times[w].insert(times[w].end(), before[w].begin(), before[w].end());
  }

  std::string rates = name + ": " + Yardsticks::print_rates(times);
  double ours_of_torch = 1;  // rates of e^x on one thread
  if (python()) {
    ours_of_torch = Yardsticks::exps / spread(times[2]).median / thread_count() /
                    python_times.at("exps_per_second").get<double>();
    rates += "; our exp / torch.exp " + text(std::setprecision(3), ours_of_torch);
  }
  std::printf("\n%s\n", rates.c_str());
  print_row("", {"time / bound", python() ? "same with torch.exp" : "", "time",
                 python() ? "torch, faiss / Nescio" : ""});
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Times& own = times[Yardsticks::count + i];
    Cost with_torch = cases[i].cost;
    with_torch.exps *= ours_of_torch;
    std::string theirs;
    for (const std::string& work : cases[i].python) {
      if (!python()) break;
      const double time = python_times.at(work).get<double>();
      theirs += (theirs.empty() ? "" : ", ") + work + " " + print(Times(own.size(), time) / own);
    }
    print_row(cases[i].spec, {print(own / Yardsticks::bound(cases[i].cost, times)),
                              python() ? print(own / Yardsticks::bound(with_torch, times)) : "",
                              print(own) + " s", theirs});
  }
}

void logits_only(std::size_t classes) {
  const std::size_t rows = (std::size_t{64} << 20) / classes;
  const auto n = static_cast<double>(rows);
  const auto values = n * static_cast<double>(classes);
  const double bytes = 4 * values + 4 * n;
  run_cases(std::to_string(rows) + " rows, C " + std::to_string(classes),
            logits_world(rows, classes),
            {{"max_logit", {0, bytes, 0}, {"max_logit"}},
             {"energy", {0, bytes, values}, {"energy"}},
             {"msp", {0, bytes, values}, {"msp"}}});
}

void features() {
  constexpr double d = 512;
  constexpr double c = 100;
  constexpr double bank = 50000;
  const World many = features_world(20000, 50000);
  const double rows = 20000;
  run_cases("20000 rows, D 512, C 100", many,
            {{"mahalanobis",
              {2 * rows * d * (d + c), 4 * rows * (d + 1), 0},
              {"mahalanobis", "mahalanobis_whitened"}}});
  World few = many;
  few.arrays.at("features") = many.arrays.at("features").slice(0, 2048);
  few.arrays.at("logits") = many.arrays.at("logits").slice(0, 2048);
  run_cases("2048 rows, D 512, 50000 in the bank", few,
            {{"knn", {2 * 2048 * d * bank, 4 * 2048 * (d + 1), 0}, {"knn"}}});
}

/// The one program that `evaluate` runs against running its detectors one after the other.
void together(const std::string& name, const World& world, const std::vector<std::string>& specs) {
  const Programs programs(world, specs);
  const expr::Batch batch = world.batch();
  std::vector<std::vector<float>> alone(specs.size(), std::vector<float>(world.rows()));
  std::vector<std::vector<float>> shared = alone;
  const auto times =
      alternate({[&] {
                   for (std::size_t i = 0; i < specs.size(); ++i) {
                     programs.parts[i]->run(batch, {alone[i].data()}, expr::InputCheck::none);
                   }
                 },
                 [&] {
                   std::vector<expr::Output> outputs;
                   for (auto& scores : shared) outputs.emplace_back(scores.data());
                   programs.all->run(batch, outputs, expr::InputCheck::none);
                 }},
                rounds);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const auto [low, high] = std::minmax_element(alone[i].begin(), alone[i].end());
    for (std::size_t r = 0; r < alone[i].size(); ++r) {
      if (!(std::abs(alone[i][r] - shared[i][r]) <= 1e-5f * (*high - *low))) {
        fail(specs[i], " row ", r, ": ", shared[i][r], " in one program, ", alone[i][r], " alone");
      }
    }
  }
  print_row(name, {print(times[1] / times[0]), print(times[1]) + " s", print(times[0]) + " s"});
}

void one_program() {
  const World world = features_world(4096, 10000);
  std::vector<std::string> all = detectors::all_specs();
  std::erase_if(
      all, [](const std::string& spec) { return !detectors::Chain(spec).needs().arrays.empty(); });
  std::vector<std::string> without_knn = all;
  std::erase(without_knn, "knn");
  std::printf("\n4096 rows, D 512, C 100, 10000 in the bank\n");
  print_row("", {"together / sum of parts", "together", "sum of parts"});
  together("all " + std::to_string(all.size()) + " detectors", world, all);
  together("all but knn", world, without_knn);
  together("knn at four k", world, {"knn(k=10)", "knn(k=50)", "knn(k=100)", "knn(k=200)"});
  together("energy behind four react", world,
           {"react(q=0.85)+energy", "react(q=0.9)+energy", "react(q=0.95)+energy",
            "react(q=0.99)+energy"});
}

}  // namespace
}  // namespace nescio::bench

int main(int argc, char** argv) {
  using namespace nescio::bench;
  nescio::set_thread_count(argc > 1 ? std::atoi(argv[1]) : nescio::thread_count());
  std::printf("%d threads, %s; median (min .. max)%s\n", nescio::thread_count(),
              nescio::math::simd_target(),
              python() ? "" : "; set NESCIO_PYTHON to compare with torch and faiss");
  try {
    for (const std::size_t classes : {10u, 100u, 1000u}) logits_only(classes);
    features();
    one_program();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "detectors_bench: %s\n", error.what());
    return 1;
  }
}
