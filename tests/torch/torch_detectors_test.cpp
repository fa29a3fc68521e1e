// Every detector of the catalogue through the executor of libtorch (NESCIO_TEST_DEVICE: where), as the conformance
// and golden tests have them on the CPU.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "cloud_world.h"
#include "detectors/chain.h"
#include "expr_torch/test_device.h"
#include "golden_scores.h"
#include "io/json_file.h"

namespace nescio {
namespace {

/// The specs that this world allows, fitted, and their scores of its OOD rows by one program.
std::map<std::string, std::vector<float>> scores_of(const World& w,
                                                    const std::vector<std::string>& specs,
                                                    const expr::Executor& executor) {
  const detectors::Inputs in = w.inputs();
  statistics::Statistics train(w.train, executor), val(w.val, executor);
  std::map<std::string, std::vector<float>> scores;
  std::vector<expr::Expr> outputs;
  std::vector<expr::Output> to;
  for (const std::string& spec : specs) {
    detectors::Chain chain(spec);
    try {
      chain.fit(in, {&train, &val});
      outputs.push_back(chain.score(in));
    } catch (const Error&) {
      continue;  // this world does not allow it
    }
    auto& values = scores[chain.spec()];
    values.resize(w.rows);
    to.emplace_back(values.data());
  }
  compile(outputs, executor)->run(w.ood(), to);
  return scores;
}

TEST(TorchDetectors, AgreeWithReference) {
  const std::vector<std::string> specs = detectors::all_specs();
  for (const auto& [classes, width] : {std::pair{10u, 24u}, {2u, 8u}, {3u, 70u}}) {
    const World w = make_world(classes, width, 300);
    const auto expected = scores_of(w, specs, expr::Executor::reference);
    const auto found = scores_of(w, specs, expr::executor_under_test());
    EXPECT_GE(expected.size(), specs.size() - 4);
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [spec, values] : expected) {
      for (std::size_t r = 0; r < values.size(); ++r) {
        ASSERT_NEAR(found.at(spec)[r], values[r], 5e-5 * static_cast<double>(range(values)))
            << spec << ", " << classes << " classes, row " << r;
      }
    }
  }
}

TEST(TorchDetectors, AgreeWithReferenceOnFeaturesOfBothSigns) {
  const World w = signed_world();
  const std::vector<std::string> specs = detectors::all_specs();
  const auto expected = scores_of(w, specs, expr::Executor::reference);
  const auto found = scores_of(w, specs, expr::executor_under_test());
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [spec, values] : expected) {
    for (std::size_t r = 0; r < values.size(); ++r) {
      ASSERT_NEAR(found.at(spec)[r], values[r], 5e-5 * static_cast<double>(range(values)))
          << spec << ", row " << r;
    }
  }
}

TEST(TorchDetectors, AgreeWithTheToolkits) {
  if (golden().empty()) GTEST_SKIP() << "NESCIO_GOLDEN is not set";
  const auto manifest = io::read_json(golden() / "manifest.json");
  std::map<std::string, double> tolerance;
  for (const auto& entry : manifest.at("scores")) {
    tolerance[entry.at("id").get<std::string>()] = entry.at("tolerance_of_range").get<double>();
  }
  const auto list = references();
  const auto scores = score_all(list, expr::executor_under_test({.block_rows = 1024}));
  for (const Reference& r : list) {
    if (const std::string file = r.ranked_like(); !file.empty()) {
      EXPECT_GE(spearman(scores.at(r.spec), read_scores(golden() / file)), 1 - 1e-7) << r.id;
      continue;
    }
    const bool exact = r.match == "exact";
    const double error = error_of_range(
        scores.at(r.spec), read_scores(golden() / (exact ? "exact" : "scores") / (r.id + ".npy")));
    EXPECT_LE(error, exact ? 1e-6 : tolerance.at(r.id)) << r.id << " = " << r.spec;
    RecordProperty(r.id, format_number(error));
  }
}

}  // namespace
}  // namespace nescio
