#include "golden_scores.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <sstream>

#include "detectors/chain.h"
#include "io/npy.h"

namespace nescio {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> scored_splits = {"id_test",      "near_cifar100", "far_gtsrb",
                                                "far_notmnist", "id_val",        "ood_val"};

double range(const std::vector<double>& values) {
  const auto [low, high] = std::ranges::minmax(values);
  return high - low;
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

}  // namespace

fs::path golden() {
  const char* path = std::getenv("NESCIO_GOLDEN");
  return path ? path : "";
}

statistics::Split golden_split(const std::string& name) {
  const auto file = [&](const char* array) {
    return golden() / "bank" / (name + "_" + array + ".npy");
  };
  return {name,
          {{"logits", io::read_npy(file("logits"))}, {"features", io::read_npy(file("features"))}},
          io::read_npy(file("labels")),
          10};
}

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

double error_of_range(const std::vector<double>& found, const std::vector<double>& reference) {
  double same = 0;
  double opposite = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    same = std::max(same, std::abs(found[i] - reference[i]));
    opposite = std::max(opposite, std::abs(found[i] + reference[i]));
  }
  return std::min(same, opposite) / range(reference);
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

std::map<std::string, std::vector<double>> score_all(const std::vector<Reference>& references,
                                                     const expr::Executor& executor) {
  const detectors::HeadTables head{expr::Table(io::read_npy(golden() / "bank/head_weight.npy")),
                                   expr::Table(io::read_npy(golden() / "bank/head_bias.npy"))};
  const detectors::Inputs in = detectors::make_inputs(10, 64, head);
  statistics::Statistics train(golden_split("train"), executor);
  statistics::Statistics val(golden_split("id_val"), executor);
  statistics::Statistics ood(golden_split("ood_val"), executor);
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
    const statistics::Split data = golden_split(name);
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

}  // namespace nescio
