// Every metric of every reference score against what two toolkits and scikit-learn gave.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "io/json_file.h"
#include "io/npy.h"
#include "metrics/curves.h"
#include "metrics/metrics.h"

namespace nescio {
namespace {

constexpr double tolerance = 1e-9;

struct Golden {
  std::filesystem::path folder;
  nlohmann::json manifest;
  nlohmann::json metrics;

  /// The split's part of a file of scores, higher = more OOD.
  template <class T>
  std::vector<T> scores(const Array& file, const std::string& split, bool negate) const {
    const auto rows = manifest.at("rows").at(split);
    const auto first = rows.at(0).get<std::size_t>();
    const auto part = file.slice(first, rows.at(1).get<std::size_t>() - first);
    std::vector<T> result(part.as<T>().begin(), part.as<T>().end());
    if (negate) {
      for (T& s : result) s = -s;
    }
    return result;
  }
};

template <class T>
Ranking rank_split(const Golden& golden, const Array& file, const std::string& split, bool negate) {
  return rank(golden.scores<T>(file, "id_test", negate), golden.scores<T>(file, split, negate));
}

Ranking rank_file(const Golden& golden, const Array& file, const std::string& split, bool negate) {
  return file.dtype() == DType::float64 ? rank_split<double>(golden, file, split, negate)
                                        : rank_split<float>(golden, file, split, negate);
}

/// The classes that were predicted for id_test: the toolkit's own, otherwise the largest logit.
std::vector<std::int64_t> predictions(const Golden& golden, const std::string& id) {
  const auto own = golden.folder / "scores" / (id + ".pred.npy");
  if (std::filesystem::exists(own)) {
    const Array classes = read_npy(own).to_int64();
    const auto all = classes.as<std::int64_t>();
    return {all.begin(), all.begin() + 1000};
  }
  const Array logits = read_npy(golden.folder / "bank/id_test_logits.npy");
  std::vector<std::int64_t> classes;
  for (std::size_t r = 0; r < logits.rows(); ++r) {
    const float* row = logits.matrix().row(r);
    classes.push_back(std::max_element(row, row + logits.cols()) - row);
  }
  return classes;
}

TEST(MetricsGolden, EqualTheFileForEveryScore) {
  const char* folder = std::getenv("NESCIO_GOLDEN");
  if (!folder) GTEST_SKIP() << "NESCIO_GOLDEN is not set";
  const Golden golden{folder, read_json(std::filesystem::path(folder) / "manifest.json"),
                      read_json(std::filesystem::path(folder) / "metrics.json")};
  const Array labels = read_npy(golden.folder / "bank/id_test_labels.npy").to_int64();
  std::size_t pairs = 0;
  for (const auto& entry : golden.manifest.at("scores")) {
    const auto id = entry.at("id").get<std::string>();
    const auto sign = entry.at("sign").get<std::string>();
    ASSERT_TRUE(sign == "higher = more in-distribution" ||
                sign == "higher = more out-of-distribution")
        << sign;
    const bool negate = sign == "higher = more in-distribution";
    const Array stored = read_npy(golden.folder / entry.at("file").get<std::string>());
    const Array exact = read_npy(golden.folder / entry.at("exact").get<std::string>());
    for (const auto& [split, expected] : golden.metrics.at(id).items()) {
      SCOPED_TRACE(id + " " + split);
      if (split == "id_accuracy") {
        const auto measured = measure(compare(predictions(golden, id), labels.as<std::int64_t>()));
        EXPECT_NEAR(measured.at(0).value, expected.get<double>(), tolerance);
        continue;
      }
      ++pairs;
      const Ranking ranking = rank_file(golden, stored, split, negate);
      const auto near = [&, &row = expected](const char* key, double found) {
        EXPECT_NEAR(found, row.at(key).get<double>(), tolerance) << key;
      };
      std::map<std::string, double> value;
      for (const auto& m : measure(ranking, {.resamples = 0})) value[m.metric->name] = m.value;
      near("auroc", value.at("auroc"));
      near("ap_in", value.at("aupr_in"));
      near("ap_out", value.at("aupr_out"));
      near("fpr95_id", value.at("fpr95_id"));
      near("fpr95_ood", value.at("fpr95_ood"));
      near("fpr95_ood_openood", value.at("fpr95_ood"));
      near("aupr_in_trapezoid", aupr_trapezoid(ranking, Positive::id));
      near("aupr_out_trapezoid", aupr_trapezoid(ranking, Positive::ood));
      near("auroc_of_exact", auroc(rank_file(golden, exact, split, negate)));
    }
  }
  EXPECT_EQ(pairs, 411u);
}

}  // namespace
}  // namespace nescio
