// Every metric of every reference score against what two toolkits and scikit-learn gave.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/row_argmax.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "metrics/measure.h"

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

  Array scores(const Array& file, const std::string& split, bool negate) const {
    const auto as = [](const auto& values) { return Array({values.size()}, values); };
    return file.dtype() == DType::float64 ? as(scores<double>(file, split, negate))
                                          : as(scores<float>(file, split, negate));
  }
};

/// The classes that were predicted for id_test: the toolkit's own, otherwise the largest logit.
std::vector<std::int64_t> predictions(const Golden& golden, const std::string& id) {
  const auto own = golden.folder / "scores" / (id + ".pred.npy");
  if (std::filesystem::exists(own)) {
    const Array classes = io::read_npy(own).to_int64();
    const auto all = classes.as<std::int64_t>();
    return {all.begin(), all.begin() + 1000};
  }
  const Array classes = row_argmax(io::read_npy(golden.folder / "bank/id_test_logits.npy"));
  return {classes.as<std::int64_t>().begin(), classes.as<std::int64_t>().end()};
}

TEST(MetricsGolden, EqualTheFileForEveryScore) {
  const char* folder = std::getenv("NESCIO_GOLDEN");
  if (!folder) GTEST_SKIP() << "NESCIO_GOLDEN is not set";
  const Golden golden{folder, io::read_json(std::filesystem::path(folder) / "manifest.json"),
                      io::read_json(std::filesystem::path(folder) / "metrics.json")};
  const Array labels = io::read_npy(golden.folder / "bank/id_test_labels.npy").to_int64();
  const std::vector<std::string> further = {"all", "ccr(fpr=0.01)"};
  const metrics::ChosenMetrics all = metrics::standard_metrics(further);
  std::size_t pairs = 0;
  for (const auto& entry : golden.manifest.at("scores")) {
    const auto id = entry.at("id").get<std::string>();
    const auto sign = entry.at("sign").get<std::string>();
    ASSERT_TRUE(sign == "higher = more in-distribution" ||
                sign == "higher = more out-of-distribution")
        << sign;
    const bool negate = sign == "higher = more in-distribution";
    const Array stored = io::read_npy(golden.folder / entry.at("file").get<std::string>());
    const Array exact = io::read_npy(golden.folder / entry.at("exact").get<std::string>());
    metrics::Answers answers;
    const auto classes = predictions(golden, id);
    for (std::size_t r = 0; r < classes.size(); ++r) {
      answers.right.push_back(classes[r] == labels.as<std::int64_t>()[r]);
    }
    for (const auto& [split, expected] : golden.metrics.at(id).items()) {
      SCOPED_TRACE(id + " " + split);
      if (split == "id_accuracy") {
        EXPECT_NEAR(metrics::accuracy(answers), expected.get<double>(), tolerance);
        continue;
      }
      ++pairs;
      const auto ranked = [&, &part = split](const Array& file) {
        return metrics::rank_rows(golden.scores(file, "id_test", negate),
                                  golden.scores(file, part, negate), answers.right);
      };
      const auto near = [&, &row = expected](const char* key, double found) {
        EXPECT_NEAR(found, row.at(key).get<double>(), tolerance) << key;
      };
      std::map<std::string, double> value;
      for (const auto& m : metrics::measure(ranked(stored), {.resamples = 0}, all))
        value[m.metric->name] = m.value;
      near("auroc", value.at("auroc"));
      near("ap_in", value.at("aupr_in"));
      near("ap_out", value.at("aupr_out"));
      near("fpr95_id", value.at("fpr95_id"));
      near("fpr95_ood", value.at("fpr95_ood"));
      near("fpr95_ood_openood", value.at("fpr95_ood"));
      near("aupr_in_trapezoid", value.at("aupr_in_trapezoid"));
      near("aupr_out_trapezoid", value.at("aupr_out_trapezoid"));
      near("autc", value.at("autc"));
      near("oscr", value.at("oscr"));
      near("ccr_at_fpr_0.1", value.at("ccr(fpr=0.1)"));
      near("ccr_at_fpr_0.01", value.at("ccr(fpr=0.01)"));
      near("auroc_of_exact", metrics::find_metric("auroc").of_ranking(ranked(exact).ranking));
    }
  }
  EXPECT_EQ(pairs, 411u);
}

TEST(MetricsGolden, CalibrationErrorEqualsTheFile) {
  const char* set = std::getenv("NESCIO_GOLDEN");
  if (!set) GTEST_SKIP() << "NESCIO_GOLDEN is not set";
  const std::filesystem::path folder = set;
  const Array logits = io::read_npy(folder / "bank/id_test_logits.npy");
  const Array labels = io::read_npy(folder / "bank/id_test_labels.npy").to_int64();
  const auto error_at = [&](double temperature) {
    metrics::Answers answers;
    for (std::size_t r = 0; r < logits.rows(); ++r) {
      const float* row = logits.matrix().row(r);
      const float* largest = std::max_element(row, row + logits.cols());
      double sum = 0;
      for (std::size_t c = 0; c < logits.cols(); ++c) {
        sum += std::exp((static_cast<double>(row[c]) - *largest) / temperature);
      }
      answers.right.push_back(largest - row == labels.as<std::int64_t>()[r]);
      answers.confidence.push_back(static_cast<float>(1 / sum));
    }
    return metrics::find_metric("ece").of_answers(answers);
  };
  const auto file = io::read_json(folder / "metrics.json").at("calibration_id_test");
  EXPECT_NEAR(error_at(1), file.at("ece_15_bins").get<double>(), 1e-6);
  EXPECT_NEAR(error_at(file.at("optimal_T_id_val").get<double>()),
              file.at("ece_15_bins_at_optimal_T").get<double>(), 1e-6);
}

}  // namespace
}  // namespace nescio
