// Every detector that golden/names.tsv names, on real features, against the toolkits' scores and
// against the same formula in float64. NESCIO_GOLDEN names the folder; without it the tests are
// skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>

#include "base/error.h"
#include "detectors/chain.h"
#include "io/json_file.h"
#include "io/npy.h"

namespace nescio {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> scored_splits = {"id_test",      "near_cifar100", "far_gtsrb",
                                                "far_notmnist", "id_val",        "ood_val"};

struct Reference {
  std::string id, spec, match;

  /// Whose order alone must be the same: of "rank" the scores in exact/, or a file of others.
  std::string ranked_like() const {
    if (match.ends_with(".npy")) return match;
    return match == "rank" ? "exact/" + id + ".npy" : "";
  }
};

fs::path golden() {
  const char* path = std::getenv("NESCIO_GOLDEN");
  return path ? path : "";
}

statistics::Split split(const std::string& name) {
  const auto file = [&](const char* array) {
    return golden() / "bank" / (name + "_" + array + ".npy");
  };
  return {name,
          {{"logits", io::read_npy(file("logits"))}, {"features", io::read_npy(file("features"))}},
          io::read_npy(file("labels")),
          10};
}

/// The entries whose detectors are in the catalogue.
std::vector<Reference> references() {
  std::vector<std::string> known;
  for (const detectors::DetectorInfo& info : detectors::catalogue()) known.push_back(info.name);
  std::vector<Reference> out;
  std::ifstream file(golden() / "names.tsv");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream fields(line);
    Reference r;
    std::getline(fields, r.id, '\t');
    std::getline(fields, r.spec, '\t');
    std::getline(fields, r.match, '\t');
    const Spec spec = parse_spec(r.spec);
    const bool here = std::ranges::all_of(spec.terms, [&](const Term& term) {
      return std::ranges::find(known, term.name) != known.end();
    });
    if (here) out.push_back(r);
  }
  return out;
}

std::vector<double> read_scores(const fs::path& path) {
  const Array wide = io::read_npy(path).to_float64();
  const auto values = wide.as<double>();
  return {values.begin(), values.end()};
}

double range(const std::vector<double>& values) {
  const auto [low, high] = std::ranges::minmax(values);
  return high - low;
}

/// The largest difference as a share of the reference's range, with the better of the two signs.
double error_of_range(const std::vector<double>& found, const std::vector<double>& reference) {
  double same = 0;
  double opposite = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    same = std::max(same, std::abs(found[i] - reference[i]));
    opposite = std::max(opposite, std::abs(found[i] + reference[i]));
  }
  return std::min(same, opposite) / range(reference);
}

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> rank(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    for (std::size_t i = first; i < last; ++i)
      rank[order[i]] = 0.5 * static_cast<double>(first + last - 1);
    first = last;
  }
  return rank;
}

double spearman(const std::vector<double>& a, const std::vector<double>& b) {
  const auto x = ranks(a);
  const auto y = ranks(b);
  const double mean = 0.5 * static_cast<double>(a.size() - 1);
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return std::abs(xy) / std::sqrt(xx * yy);
}

/// The scores of all specs in one program, over all scored splits one after the other.
std::map<std::string, std::vector<double>> score_all(const std::vector<Reference>& references,
                                                     const expr::Executor& executor) {
  const detectors::HeadTables head{expr::Table(io::read_npy(golden() / "bank/head_weight.npy")),
                                   expr::Table(io::read_npy(golden() / "bank/head_bias.npy"))};
  const detectors::Inputs in = detectors::make_inputs(10, 64, head);
  statistics::Statistics train(split("train"), executor);
  statistics::Statistics val(split("id_val"), executor);
  statistics::Statistics ood(split("ood_val"), executor);
  std::map<std::string, std::vector<double>> scores;
  std::vector<std::string> specs;
  std::vector<expr::Expr> outputs;
  for (const Reference& r : references) {
    if (scores.contains(r.spec)) continue;
    scores[r.spec];
    specs.push_back(r.spec);
    detectors::Chain chain(r.spec);
    chain.fit(in, {&train, &val, {&ood}});
    outputs.push_back(chain.score(in));
  }
  const auto program = compile(outputs, executor);
  for (const std::string& name : scored_splits) {
    const statistics::Split data = split(name);
    std::vector<std::vector<double>> part(specs.size(), std::vector<double>(data.labels.size()));
    std::vector<expr::Output> to;
    for (auto& p : part) to.emplace_back(p.data());
    program->run({{"logits", data.arrays.at("logits").matrix()},
                  {"features", data.arrays.at("features").matrix()}},
                 to);
    for (std::size_t i = 0; i < specs.size(); ++i) {
      auto& all = scores[specs[i]];
      all.insert(all.end(), part[i].begin(), part[i].end());
    }
  }
  return scores;
}

class Golden : public testing::Test {
 protected:
  void SetUp() override {
    if (golden().empty()) GTEST_SKIP() << "NESCIO_GOLDEN is not set";
  }
};

TEST_F(Golden, ReferenceExecutorAgreesWithFloat64) {
  const auto list = references();
  EXPECT_GE(list.size(), 32u);
  const auto scores = score_all(list, expr::Executor::reference);
  for (const Reference& r : list) {
    if (const std::string file = r.ranked_like(); !file.empty()) {
      EXPECT_GE(spearman(scores.at(r.spec), read_scores(golden() / file)), 1 - 1e-7) << r.id;
      continue;
    }
    const auto exact = read_scores(golden() / "exact" / (r.id + ".npy"));
    // exact/ recomputes the logits of these from the head; ours are the network's own.
    const bool own_logits =
        std::ranges::any_of(std::vector{"vim", "scale", "lts"},
                            [&](const char* name) { return r.spec.starts_with(name); });
    const double error = error_of_range(scores.at(r.spec), exact);
    EXPECT_LE(error, own_logits ? 1e-6 : 1e-9) << r.id << " = " << r.spec;
    RecordProperty(r.id, format_number(error));
  }
}

TEST_F(Golden, CpuExecutorAgreesWithTheToolkits) {
  const auto manifest = io::read_json(golden() / "manifest.json");
  std::map<std::string, double> tolerance;
  for (const auto& entry : manifest.at("scores")) {
    tolerance[entry.at("id").get<std::string>()] = entry.at("tolerance_of_range").get<double>();
  }
  const auto list = references();
  const auto scores = score_all(list, expr::Executor::cpu);
  for (const Reference& r : list) {
    if (const std::string file = r.ranked_like(); !file.empty()) {
      EXPECT_GE(spearman(scores.at(r.spec), read_scores(golden() / file)), 1 - 1e-7) << r.id;
      continue;
    }
    // The toolkit's own rounding is larger than any fault of ours would be.
    const bool exact = r.match == "exact";
    const double error = error_of_range(
        scores.at(r.spec), read_scores(golden() / (exact ? "exact" : "scores") / (r.id + ".npy")));
    EXPECT_LE(error, exact ? 1e-6 : tolerance.at(r.id)) << r.id << " = " << r.spec;
    RecordProperty(r.id, format_number(error));
  }
}

/// A manifest entry.
nlohmann::json entry(const std::string& id) {
  const auto manifest = io::read_json(golden() / "manifest.json");
  for (const auto& found : manifest.at("scores")) {
    if (found.at("id") == id) return found;
  }
  fail("manifest.json has no entry '", id, "'");
}

/// What a detector learns from the training or validation split.
std::map<std::string, Array> learned(const std::string& spec) {
  const detectors::Inputs in = detectors::make_inputs(10, 64, std::nullopt);
  statistics::Statistics train(split("train"), expr::Executor::reference);
  statistics::Statistics val(split("id_val"), expr::Executor::reference);
  detectors::Chain chain(spec);
  chain.fit(in, {&train, &val});
  return chain.learned();
}

// names.tsv compares the order of `temperature` with that of the largest probabilities at the optimum; so that they do
// not tie, our scores are log-odds of these. Their values are those of the file by p = 1 / (1 + e^s).
TEST_F(Golden, TemperatureGivesTheProbabilitiesAtTheOptimum) {
  const auto exact = read_scores(golden() / "exact/temp_scaling_optimal.npy");
  for (const auto& [executor, tolerance] :
       {std::pair{expr::Executor::reference, 1e-9}, {expr::Executor::cpu, 1e-6}}) {
    const auto scores =
        score_all({{"", "temperature", ""}, {"", "temperature(variant=openood)", ""}}, executor);
    auto probabilities = scores.at("temperature");
    for (double& s : probabilities) s = 1 / (1 + std::exp(s));
    EXPECT_LE(error_of_range(probabilities, exact), tolerance);
    EXPECT_LE(error_of_range(scores.at("temperature(variant=openood)"), exact), tolerance);
  }
  const double optimum = entry("openood/temp_scaling").at("fitted").at("optimal_T").get<double>();
  EXPECT_NEAR(learned("temperature").at("0.T").as<double>()[0], optimum, 1e-7);
}

TEST_F(Golden, OpenMaxFitsTheToolkitsDistributions) {
  for (const auto& [id, spec] : {std::pair{"openmax__alpha-3_tail-20", "openmax(alpha=3,tail=20)"},
                                 {"openmax__alpha-10_tail-50", "openmax(alpha=10,tail=50)"}}) {
    const auto state = entry(text("openood/", id)).at("state");
    const auto file = [&](const char* name) {
      return read_scores(golden() / state.at(name).get<std::string>());
    };
    const auto found = learned(spec);
    const auto values = [&](const char* name) { return found.at(name).as<double>(); };
    const auto mav = file("mav");
    for (std::size_t i = 0; i < mav.size(); ++i) EXPECT_NEAR(values("0.means")[i], mav[i], 1e-5);
    const auto weibull = file("weibull_scale_shape_sign_shift_min");
    for (std::size_t c = 0; c < 10; ++c) {
      const double scale = weibull[5 * c], shape = weibull[5 * c + 1];
      const double shift = weibull[5 * c + 3], nearest = weibull[5 * c + 4];
      EXPECT_NEAR(values("0.scale")[c], scale, 1e-4 * scale) << spec << ", class " << c;
      EXPECT_NEAR(values("0.shape")[c], shape, 1e-4 * shape) << spec << ", class " << c;
      EXPECT_NEAR(values("0.location")[c], nearest - shift + scale, 1e-4)
          << spec << ", class " << c;
    }
  }
}

// Scores of toolkits that names.tsv has no spec for.
TEST_F(Golden, VariantsThatNoNameAsksForAgree) {
  std::string weights;
  for (int c = 0; c < 10; ++c) {
    const auto w = static_cast<float>(-0.1 + 1.8 * c / 9);
    weights += (c ? "," : "") + format_number(std::max(w, 0.0f));
  }
  const std::vector<Reference> list = {
      {"pytorch-ood-0.2/openmax__tailsize-25_alpha-10",
       "openmax(alpha=10,tail=25,variant=pytorch_ood)", ""},
      {"pytorch-ood-0.4/openmax__tailsize-25_alpha-10_euclid_weight-0.5",
       "openmax(alpha=10,tail=25,euclid_weight=0.5,variant=pytorch_ood)", ""},
      {"pytorch-ood-0.2/webo", "weighted_energy(weights=(" + weights + "))", ""}};
  const auto reference = score_all(list, expr::Executor::reference);
  const auto cpu = score_all(list, expr::Executor::cpu);
  for (const Reference& r : list) {
    const auto exact = read_scores(golden() / "exact" / (r.id + ".npy"));
    EXPECT_LE(error_of_range(reference.at(r.spec), exact), 1e-9) << r.id;
    const auto scores = read_scores(golden() / "scores" / (r.id + ".npy"));
    EXPECT_LE(error_of_range(cpu.at(r.spec), scores),
              entry(r.id).at("tolerance_of_range").get<double>())
        << r.id;
  }
}

// pytorch-ood 0.2 does not divide the background covariance by N: a right implementation must not
// match it.
TEST_F(Golden, RelativeMahalanobisIsNotTheWrongOne) {
  const auto path = golden() / "scores/pytorch-ood-0.2/rmds.npy";
  const auto scores =
      score_all({{"", "relative_mahalanobis", ""}, {"", "mahalanobis", ""}}, expr::Executor::cpu);
  EXPECT_GT(spearman(scores.at("mahalanobis"), read_scores(path)), 1 - 1e-5);
  EXPECT_LT(spearman(scores.at("relative_mahalanobis"), read_scores(path)), 0.99);
}

}  // namespace
}  // namespace nescio
