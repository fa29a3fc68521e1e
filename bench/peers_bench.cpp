// The same detectors in Python toolkits, our own package among them, on the same arrays: what fitting and scoring take,
// each detector by itself, and whether the scores agree.
//   NESCIO_PYTHON=/path/to/python [OPENOOD=/path/to/checkout] nescio_peers_bench [THREADS] [KEY=VALUE ...]
// rows=50000 to fit on, scored=10000, D=512, C=100, detectors=NAME,... (the toolkits' names; all), batch=200 rows that
// a toolkit is given at a time, rounds=3, limit=20 seconds for which a toolkit scores in a round, and after which there
// is no further round: slow detectors score fewer rows there, so times of scoring are those of a row.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <set>

#include "base/rng.h"
#include "detectors/fitting.h"
#include "io/npy.h"
#include "math/gemm.h"
#include "measure.h"
#include "peers/cases.h"
#include "python_yardstick.h"
#include "temporary_folder.h"

namespace nescio::bench {
namespace {

struct Settings {
  Sizes sizes;
  std::set<std::string> detectors;  // none: all
  std::string batch = "200";
  double limit = 20;
  std::size_t rounds = 3;
};

/// Like the last layer of a classifier: rectified Gaussian rows about a mean of each class, a head of weights along
/// these means.
class World {
 public:
  explicit World(const Sizes& sizes)
      : sizes_(sizes),
        train_(rows_of(sizes.rows, 1, false)),
        test_(rows_of(sizes.scored, 2, true)) {}

  bank::BankViews views() const { return bank::BankViews({bank::view_of("train", train_, head_)}); }
  expr::Batch batch() const { return detectors::to_batch(test_); }
  void write(const std::filesystem::path& folder) const {
    for (const auto& [name, array] : train_)
      io::write_npy(folder / ("train_" + name + ".npy"), array);
    for (const auto& [name, array] : test_) io::write_npy(folder / (name + ".npy"), array);
    io::write_npy(folder / "weight.npy", head_.weight);
    io::write_npy(folder / "bias.npy", head_.bias);
  }

 private:
  // Means of classes that training knows (`seed` 7), or of as many that it does not.
  std::vector<float> centres(std::uint64_t seed) const {
    std::vector<float> out(sizes_.classes * sizes_.width);
    for (std::size_t c = 0; c < sizes_.classes; ++c) {
      Rng rng(seed, c);
      for (std::size_t i = 0; i < sizes_.width; ++i) {
        out[c * sizes_.width + i] = static_cast<float>(0.5 * rng.normal());
      }
    }
    return out;
  }
  Head make_head() const {
    std::vector<float> weight = known_;
    for (float& w : weight) w *= 80 / static_cast<float>(sizes_.width);
    std::vector<float> bias(sizes_.classes);
    for (std::size_t c = 0; c < sizes_.classes; ++c) {
      bias[c] = static_cast<float>(0.1 * Rng(9, c).normal());
    }
    return {Array({sizes_.classes, sizes_.width}, std::move(weight)),
            Array({sizes_.classes}, std::move(bias))};
  }
  /// Classes in turn; with `ood`, every second time these are the unknown ones.
  std::map<std::string, Array> rows_of(std::size_t rows, std::uint64_t seed, bool ood) const {
    const auto [d, c] = std::pair(sizes_.width, sizes_.classes);
    std::vector<float> features(rows * d);
    std::vector<float> logits(rows * c);
    std::vector<std::int64_t> labels(rows);
    parallel_for(rows, [&](std::size_t r) {
      const std::vector<float>& centre = ood && r / c % 2 == 1 ? unknown_ : known_;
      Rng rng(seed, r);
      for (std::size_t i = 0; i < d; ++i) {
        const double value = centre[r % c * d + i] + rng.normal();
        features[r * d + i] = static_cast<float>(std::max(value, 0.0));
      }
      std::memcpy(&logits[r * c], head_.bias.as<float>().data(), 4 * c);
      labels[r] = static_cast<std::int64_t>(r % c);
    });
    math::gemm(true, rows, c, d, 1, features.data(), d, head_.weight.as<float>().data(), d, 1,
               logits.data(), c);
    std::map<std::string, Array> arrays;
    arrays.emplace("features", Array({rows, d}, std::move(features)));
    arrays.emplace("logits", Array({rows, c}, std::move(logits)));
    if (!ood) arrays.emplace("labels", Array({rows}, std::move(labels)));
    return arrays;
  }

  Sizes sizes_;
  std::vector<float> known_ = centres(7);
  std::vector<float> unknown_ = centres(8);
  Head head_ = make_head();
  std::map<std::string, Array> train_;
  std::map<std::string, Array> test_;
};

struct Measured {
  Times fit;
  Times score;  // a row

  /// Fitting, and scoring so many rows.
  Times total(double rows) const {
    Times sum = fit;
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += rows * score[i];
    return sum;
  }
  std::string print() const {
    return text(std::setprecision(3), spread(fit).median, " s, ", 1e6 * spread(score).median,
                " us");
  }
};

/// Nescio's side: everything anew, so that nothing is shared or warm. The scores go to `scores`.
void measure(const bank::BankViews& views, const expr::Batch& batch, const std::string& spec,
             std::vector<float>& scores, Measured& out) {
  std::unique_ptr<expr::Program> program;
  out.fit.push_back(seconds([&] {
    const detectors::Fits fits =
        detectors::fit_detectors(views, {.train = "train", .val = "train"}, {spec});
    program = expr::compile(fits.scores, expr::Executor::cpu);
  }));
  out.score.push_back(
      seconds([&] { program->run(batch, {scores.data()}, expr::InputCheck::none); }) /
      static_cast<double>(scores.size()));
}

/// The largest difference of the rows that they scored, as a share of the range of their scores.
double difference(std::span<const float> ours, std::span<const double> theirs, double scale) {
  const auto [low, high] = std::minmax_element(theirs.begin(), theirs.end());
  double most = 0;
  for (std::size_t r = 0; r < theirs.size(); ++r) {
    const double d = std::abs(scale * ours[r] - theirs[r]) / (*high - *low);
    if (!(d <= most)) most = d;  // also where it is not a number
  }
  return most;
}

/// Logarithms of ratios, by name.
struct Ratios {
  std::vector<std::pair<double, std::string>> of;

  void add(const Times& times, const std::string& name) {
    of.emplace_back(std::log(spread(times).median), name);
  }
  std::string print() const {
    double sum = 0;
    for (const auto& [ratio, name] : of) sum += ratio;
    const auto& [least, whose] = *std::ranges::min_element(of);
    return text(std::setprecision(3), std::exp(sum / static_cast<double>(of.size())), ", smallest ",
                std::exp(least), " (", whose, ")");
  }
};

void print_columns(const std::string& name, const std::vector<std::string>& columns) {
  std::printf("%-18s", name.c_str());
  for (const std::string& column : columns) std::printf("  %-23s", column.c_str());
  std::printf("\n");
  std::fflush(stdout);
}

void compare(const Peer& peer, const World& world, const Settings& settings) {
  const TemporaryFolder folder;
  world.write(folder.path());
  PythonProcess script(peer.script, {folder.path().string(), std::to_string(thread_count()),
                                     settings.batch, text(settings.limit)});
  const bank::BankViews views = world.views();
  const expr::Batch batch = world.batch();
  const auto count = static_cast<double>(settings.sizes.scored);
  std::printf("\n%s\n", peer.name.c_str());
  print_columns("",
                {"score", "fit + score", "Nescio: fit, a row", "theirs: fit, a row", "difference"});
  Ratios scoring;
  Ratios both;
  for (const PeerCase& c : peer.cases) {
    if (!settings.detectors.empty() && !settings.detectors.contains(c.name)) continue;
    Measured ours;
    Measured theirs;
    std::vector<float> scores(settings.sizes.scored);
    nlohmann::json answer;
    double spent = 0;
    for (std::size_t round = 0; round < settings.rounds && spent < settings.limit; ++round) {
      answer = io::parse_json(script.answer(c.name), peer.script);
      if (!answer.contains("fit")) break;
      theirs.fit.push_back(answer.at("fit"));
      theirs.score.push_back(answer.at("score"));
      measure(views, batch, c.spec, scores, ours);
      spent += theirs.fit.back() + theirs.score.back() * answer.at("rows").get<double>();
    }
    if (answer.contains("missing")) {
      std::printf("left out: %s\n", answer.at("missing").get<std::string>().c_str());
      return;
    }
    if (answer.contains("skipped")) {
      print_columns(c.name, {"left out: " + answer.at("skipped").get<std::string>()});
      continue;
    }
    const Times score_ratio = theirs.score / ours.score;
    const Times both_ratio = theirs.total(count) / ours.total(count);
    scoring.add(score_ratio, c.name);
    both.add(both_ratio, c.name);

    const Array found = io::read_npy(folder.path() / "theirs.npy");
    const double differs = difference(scores, found.as<double>(), c.scale);
    std::string note = text(std::setprecision(2), differs);
    if (!(differs <= c.tolerance)) {
      note += text(" > ", c.tolerance, c.remark.empty() ? "" : ": ", c.remark);
    }
    if (found.rows() < settings.sizes.scored) note += text(" (", found.rows(), " rows)");
    print_columns(c.name,
                  {print(score_ratio), print(both_ratio), ours.print(), theirs.print(), note});
  }
  if (scoring.of.empty()) return;
  std::printf("geometric mean: score %s; fit + score %s\n", scoring.print().c_str(),
              both.print().c_str());
}

void set(Settings& settings, const std::string& argument) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string::npos) fail("expected KEY=VALUE, found ", argument);
  const std::string key = argument.substr(0, equals);
  const std::string value = argument.substr(equals + 1);
  const std::map<std::string, std::size_t*> numbers = {{"rows", &settings.sizes.rows},
                                                       {"scored", &settings.sizes.scored},
                                                       {"D", &settings.sizes.width},
                                                       {"C", &settings.sizes.classes},
                                                       {"rounds", &settings.rounds}};
  if (const auto number = numbers.find(key); number != numbers.end()) {
    *number->second = std::stoul(value);
  } else if (key == "batch") {
    settings.batch = value;
  } else if (key == "limit") {
    settings.limit = std::stod(value);
  } else if (key == "detectors") {
    std::istringstream names(value);
    for (std::string name; std::getline(names, name, ',');) settings.detectors.insert(name);
  } else {
    fail("no setting is called ", key);
  }
}

void run(const Settings& settings) {
  const Sizes& sizes = settings.sizes;
  std::printf(
      "D %zu, C %zu, %zu rows to fit on, %zu scored, %s; theirs / Nescio, median (min .. max)\n",
      sizes.width, sizes.classes, sizes.rows, sizes.scored,
      thread_count() == 1 ? "1 thread" : text(thread_count(), " threads").c_str());
  if (!python()) fail("NESCIO_PYTHON names no Python: nothing to compare with");
  const World world(sizes);
  compare(pytorch_ood(sizes), world, settings);
  compare(python_package(sizes), world, settings);
  if (std::getenv("OPENOOD")) {
    compare(openood(), world, settings);
  } else {
    std::printf("\nOpenOOD is left out: set OPENOOD to a checkout\n");
  }
}

}  // namespace
}  // namespace nescio::bench

int main(int argc, char** argv) {
  using namespace nescio::bench;
  try {
    Settings settings;
    int next = 1;
    if (argc > 1 && !std::strchr(argv[1], '=')) nescio::set_thread_count(std::atoi(argv[next++]));
    for (; next < argc; ++next) set(settings, argv[next]);
    run(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "peers_bench: %s\n", error.what());
    return 1;
  }
}
