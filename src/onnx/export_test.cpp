#include "onnx/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "detectors/toy_bank.h"
#include "io/test_folder.h"
#include "onnx/self_test.h"
#include "onnx/test_model.h"
#include "runtime/onnx_session.h"

namespace nescio::onnx {
namespace {

using detectors::ToyBank;
using testing::HasSubstr;
using testing::ThrowsMessage;

class OnnxExport : public testing::Test {
 protected:
  OnnxExport() : toy_(ToyBank().informed()) {
    views_ = views_.with(view("toy/train", toy_.train_features, toy_.train_logits, true))
                 .with(view("toy/ood", toy_.test_features, toy_.test_logits, false));
  }

  bank::BankView view(const std::string& name, const std::vector<ToyBank::Row>& features,
                      const std::vector<ToyBank::Row>& logits, bool labels) const {
    std::map<std::string, Array> arrays = {{"features", ToyBank::array(features)},
                                           {"logits", ToyBank::array(logits)}};
    for (const std::string& spec : detectors::all_specs()) {
      for (const std::string& name : detectors::Chain(spec).needs().arrays) {
        arrays.emplace(name, ToyBank::array(ToyBank::probed(logits)));
      }
    }
    if (labels) {
      arrays.emplace("labels", Array({logits.size()}, std::vector<std::int64_t>(toy_.labels)));
    }
    const Head head{
        ToyBank::array(toy_.weight),
        Array({toy_.bias.size()}, std::vector<float>(toy_.bias.begin(), toy_.bias.end()))};
    return bank::view_of(name, arrays, head);
  }

  detectors::FittedDetector fit(const std::string& spec) const {
    return detectors::fit_detector(views_, spec, {"toy/train", "toy/train", {"toy/ood"}});
  }

  /// The toy head as a model that reads features.
  TestModel model(int opset) const {
    TestModel made(opset);
    std::vector<float> weight, bias(toy_.bias.begin(), toy_.bias.end());
    for (const auto& row : toy_.weight) weight.insert(weight.end(), row.begin(), row.end());
    made.input("h", type_float, ToyBank::width);
    made.weights("W", {ToyBank::classes, ToyBank::width}, weight);
    made.weights("b", {ToyBank::classes}, bias);
    made.node("Gemm", {"h", "W", "b"}, "z", {{"transB", 1}})
        .node("Softmax", {"z"}, "p", {{"axis", 1}});
    made.output("p", type_float, ToyBank::classes);
    return made;
  }

  ToyBank toy_;
  bank::BankViews views_;
  io::TestFolder folder_;
};

TEST_F(OnnxExport, RefusesWhatDoesNotFit) {
  const auto path = model(17).write(folder_ / "m.onnx");
  const auto add = [&](const std::string& spec, const Where& where) {
    Model read(path);
    return add_detector(read, fit(spec), nullptr, where);
  };
  EXPECT_EQ(add("react+energy", {}).features, "h");
  EXPECT_THAT(add("react+energy", {}).inputs, testing::ElementsAre("h"));
  EXPECT_THAT(add("energy", {}).inputs, testing::ElementsAre("z"));
  EXPECT_THAT([&] { add("energy", {.logits = "q"}); },
              ThrowsMessage<Error>(HasSubstr("no tensor 'q'")));
  Model twice(path);
  add_detector(twice, fit("energy"), nullptr, {});
  EXPECT_THAT([&] { add_detector(twice, fit("energy"), nullptr, {.logits = "z"}); },
              ThrowsMessage<Error>(HasSubstr("is the detector in it?")));
  auto other = fit("energy");
  other.classes = 7;
  Model read(path);
  EXPECT_THAT([&] { add_detector(read, other, nullptr, {}); },
              ThrowsMessage<Error>(HasSubstr("7 classes, the last layer of this model has 5")));
}

/// The outputs as numbers.
std::vector<std::vector<double>> run(const Model& model, const std::map<std::string, Array>& inputs,
                                     const std::vector<std::string>& outputs) {
  const std::string bytes = model.bytes();
  const runtime::OnnxSession session(
      {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "test");
  std::vector<std::vector<double>> out;
  for (const Array& array : session.run(inputs, outputs)) {
    const Array values = array.to_float64();
    out.emplace_back(values.as<double>().begin(), values.as<double>().end());
  }
  return out;
}

// ONNX Runtime against the reference executor, for every detector that needs no further pass, at the oldest and a new
// opset, with thresholds and p-values of each class.
TEST_F(OnnxExport, GivesTheScoresOfEveryDetector) {
  if (!runtime::onnx_runtime()) GTEST_SKIP() << "no ONNX Runtime";
  const Array features = ToyBank::array(toy_.test_features);
  // The runtime computes logits itself.
  std::vector<ToyBank::Row> logits;
  for (const auto& h : toy_.test_features) logits.push_back(toy_.logits(h));
  const Array z = ToyBank::array(logits);
  const expr::Batch batch = {{"features", features.matrix()}, {"logits", z.matrix()}};

  std::size_t left_out = 0, done = 0;
  for (const std::string& spec : detectors::all_specs()) {
    auto fitted = fit(spec);
    if (!fitted.chain.needs().arrays.empty()) {
      Model read(model(17).write(folder_ / "none/m.onnx"));
      EXPECT_THAT([&] { add_detector(read, fitted, nullptr, {}); },
                  ThrowsMessage<Error>(HasSubstr("further passes")));
      ++left_out;
      continue;
    }
    std::vector<double> expected(ToyBank::test_rows);
    fitted.compile(expr::Executor::reference)->run(batch, {expected.data()});
    calibration::ScoredRows id;
    for (std::size_t r = 0; r < expected.size(); r += 2) {
      id.scores.push_back(static_cast<float>(expected[r]));
      id.predicted.push_back(
          static_cast<std::uint32_t>(std::ranges::max_element(logits[r]) - logits[r].begin()));
    }
    const bool per_class = done % 2 == 1;
    const calibration::Calibration made(
        {.promise = {.share = 0.8},
         .per_class = per_class,
         .class_rows = 3,
         .validity =
             done % 3 == 0 ? calibration::Validity::conditional : calibration::Validity::marginal},
        id);
    Model read(model(done++ % 2 == 0 ? 11 : 18).write(folder_ / "m.onnx"));
    add_detector(read, fitted, &made, {});
    const auto said = run(read, {{"h", features}}, {"ood_score", "is_ood", "ood_p_value"});
    double apart = 0;
    std::size_t others = 0;
    for (std::size_t r = 0; r < expected.size(); ++r) {
      apart = std::max(apart, std::abs(said[0][r] - expected[r]));
      if (r % 2 == 0) continue;  // a calibration row meets itself: rounding decides
      const auto answer = made.answer(
          expected[r],
          static_cast<std::uint32_t>(std::ranges::max_element(logits[r]) - logits[r].begin()));
      others += said[1][r] != answer.is_ood;
      others += std::abs(said[2][r] - answer.p_value) > 1e-6;
    }
    const auto [low, high] = std::ranges::minmax(expected);
    EXPECT_LT(apart, 1e-5 * std::max(high - low, 1e-3 * high)) << spec;
    EXPECT_LE(others, 2U) << spec;
  }
  EXPECT_GT(left_out, 5U);
  EXPECT_GT(done, 30U);
}

// Features that are named where nothing in the file says whether they are rows or maps.
TEST_F(OnnxExport, TakesNamedRowsAndTheMeansOfNamedMaps) {
  if (!runtime::onnx_runtime()) GTEST_SKIP() << "no ONNX Runtime";
  const auto fitted = fit("mahalanobis");
  const Array features = ToyBank::array(toy_.test_features);
  TestModel made = model(17);
  made.weights("two", {1, 1, 1, 2}, {0.5F, 1.5F});
  made.node("Identity", {"h"}, "rows").node("Unsqueeze", {"h", "behind"}, "places");
  made.int64s("behind", {2, 3}).node("Mul", {"places", "two"}, "maps");
  std::vector<double> scores[2];
  for (const std::string name : {"rows", "maps"}) {
    Model read(made.write(folder_ / "m.onnx"));
    add_detector(read, fitted, nullptr, {.features = name});
    scores[name == "maps"] = run(read, {{"h", features}}, {"ood_score"})[0];
  }
  std::vector<double> expected(ToyBank::test_rows);
  fitted.compile(expr::Executor::reference)
      ->run({{"features", features.matrix()}}, {expected.data()});
  const double largest = *std::ranges::max_element(expected);
  for (const auto& found : scores) {
    EXPECT_THAT(found, testing::Pointwise(testing::DoubleNear(1e-5 * largest), expected));
  }
}

// A bank may hold logarithms of probabilities: of outputs that are no softmax, or imported.
TEST_F(OnnxExport, TakesTheLogarithmsThatTheDetectorWasFittedOn) {
  if (!runtime::onnx_runtime()) GTEST_SKIP() << "no ONNX Runtime";
  const auto fitted = fit("max_logit");
  for (const bool raw : {true, false}) {
    const Where where{.logits = raw ? "q" : "z", .logarithm = raw, .normalised = true};
    Model read(model(17).node("Identity", {"p"}, "q").write(folder_ / "m.onnx"));
    const auto added = add_detector(read, fitted, nullptr, where);
    read.expose(added.logits);
    const auto said =
        run(read, {{"h", ToyBank::array(toy_.test_features)}}, {"ood_score", added.logits, "p"});
    for (std::size_t r = 0; r < said[0].size(); ++r) {
      const auto row = said[2].begin() + static_cast<std::ptrdiff_t>(r * ToyBank::classes);
      EXPECT_NEAR(said[0][r], -std::log(*std::max_element(row, row + ToyBank::classes)), 1e-5);
    }
    EXPECT_NEAR(said[1][0], std::log(said[2][0]), 1e-5);
  }
  const auto reads = [](const std::vector<float>& z) {
    return reads_log_probabilities({{{"logits", Array({1, z.size()}, z)}}, {0}});
  };
  EXPECT_TRUE(reads({std::log(0.25F), std::log(0.75F)}));
  EXPECT_FALSE(reads({1, 2}));
  EXPECT_FALSE(reads_log_probabilities({}));
}

// Of energy the score is -logsumexp(z): another threshold flags other rows.
TEST_F(OnnxExport, TheThresholdMayBeGiven) {
  if (!runtime::onnx_runtime()) GTEST_SKIP() << "no ONNX Runtime";
  const calibration::Calibration made({.promise = {.share = 0.5}}, {{-1, -2, -3, -4}, {}});
  Model read(model(17).write(folder_ / "m.onnx"));
  add_detector(read, fit("energy"), &made, {});
  const Array features = ToyBank::array(toy_.test_features);
  for (const float threshold : {-1e9F, 1e9F}) {
    const Array given({1}, std::vector<float>{threshold});
    const auto flagged = run(read, {{"h", features}, {"ood_threshold", given}}, {"is_ood"})[0];
    EXPECT_THAT(flagged, testing::Each(threshold < 0 ? 1.0 : 0.0));
  }
}

TEST_F(OnnxExport, CarriesRowsToBeCheckedBy) {
  if (!runtime::onnx_runtime()) GTEST_SKIP() << "no ONNX Runtime";
  const auto fitted = fit("react(q=0.9)+mahalanobis");
  const Array features = ToyBank::array(toy_.test_features);
  detectors::save_detector(fitted, {{"features", features.matrix()}}, folder_ / "d");
  Model read(model(17).write(folder_ / "m.onnx"));
  const auto added = add_detector(read, fitted, nullptr, {});
  read.set_metadata("nescio.features", added.features);
  EXPECT_EQ(read.is_as_sealed(), std::nullopt);
  carry_self_test(read, detectors::read_self_test(folder_ / "d", fitted));
  read.seal();
  read.write(folder_ / "with.onnx");

  Model again(folder_ / "with.onnx");
  EXPECT_EQ(again.is_as_sealed(), true);
  const Agreement found = replay_self_test(again, "with.onnx");
  EXPECT_EQ(found.rows, 4U);
  EXPECT_LT(found.of_range(), 1e-5);
  EXPECT_GT(found.rounding, 0);
  EXPECT_LT(found.rounding, 1e-4 * found.range);
  again.set_metadata("note", "changed");
  EXPECT_EQ(again.is_as_sealed(), false);
  // Other scores are seen, and so are rows that are none.
  detectors::SelfTest wrong = detectors::read_self_test(folder_ / "d", fitted);
  for (double& score : wrong.scores) score += 1;
  carry_self_test(again, wrong);
  EXPECT_FALSE(replay_self_test(again, "with.onnx").within(1e-3));
  for (const char* damaged :
       {"", "{}", "[1]", R"({"arrays":{"features":[[1],[1,2]]},"scores":[1]})",
        R"({"arrays":{"weights":[[1]]},"scores":[1]})",
        R"({"arrays":{"features":[[1,2]]},"scores":["a"]})"}) {
    again.set_metadata("nescio.self_test", damaged);
    EXPECT_THROW(replay_self_test(again, "with.onnx"), Error) << damaged;
  }
}

// As of a network that was not trained: most of the distance between two directions is how they were rounded, which
// runtimes do in their own ways.
TEST_F(OnnxExport, RowsThatDifferByTheirLastDigitsAgreeAsFarAsTheyAreKnown) {
  if (!runtime::onnx_runtime()) GTEST_SKIP() << "no ONNX Runtime";
  Rng rng(5);
  const auto rows = [&](std::size_t count) {
    std::vector<ToyBank::Row> out(count, ToyBank::Row(ToyBank::width));
    for (auto& row : out) {
      for (auto& value : row) value = 3 + 1e-5 * rng.normal();
    }
    return out;
  };
  const std::vector<ToyBank::Row> logits(toy_.train_logits.begin(), toy_.train_logits.begin() + 60);
  views_ = bank::BankViews().with(view("toy/train", rows(60), logits, false));
  const auto fitted = detectors::fit_detector(views_, "knn(k=5)", {"toy/train", "toy/train", {}});
  const Array features = ToyBank::array(rows(20));
  detectors::save_detector(fitted, {{"features", features.matrix()}}, folder_ / "d");
  Model read(model(17).write(folder_ / "m.onnx"));
  const auto added = add_detector(read, fitted, nullptr, {});
  read.set_metadata("nescio.features", added.features);
  const double rounding = 4e-8;  // half a unit in the last place of a length of 1
  for (const double off : {rounding, 100 * rounding}) {
    detectors::SelfTest carried = detectors::read_self_test(folder_ / "d", fitted);
    for (double& score : carried.scores) score += off;
    carry_self_test(read, carried);
    read.write(folder_ / "with.onnx");
    const Agreement found = replay_self_test(Model(folder_ / "with.onnx"), "with.onnx");
    EXPECT_GT(found.of_range(), 1e-3);
    EXPECT_EQ(found.within(1e-4), off == rounding) << found.largest << " " << found.rounding;
  }
}

TEST(OnnxAgreement, AllowsTheLastDigitsOfScoresThatHardlyDiffer) {
  const std::vector<double> expected = {1.3F, 1.3005F, 1.301F};
  std::vector<double> found = expected;
  for (double& score : found) score += 3 * 0x1p-23;
  EXPECT_LT(agreement(found, expected).of_range(), 1e-4);
  found[1] += 1e-5;
  EXPECT_GT(agreement(found, expected).of_range(), 1e-4);
}

}  // namespace
}  // namespace nescio::onnx
