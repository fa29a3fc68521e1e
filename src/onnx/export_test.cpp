#include "onnx/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/error.h"
#include "detectors/toy_bank.h"
#include "io/npy.h"
#include "io/test_folder.h"
#include "onnx/test_model.h"

namespace nescio::onnx {
namespace {

using detectors::ToyBank;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr int type_float = 1;

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
  EXPECT_EQ(add("react+energy", {}).read.features, "h");
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

std::string python_with_runtime() {
  const char* named = std::getenv("NESCIO_PYTHON");
  const std::string python = named ? named : "python3";
  const std::string asks = "'" + python + "' -c 'import onnxruntime, numpy' 2>/dev/null";
  return std::system(asks.c_str()) == 0 ? python : "";
}

double largest_of(std::span<const double> values) { return std::ranges::max(values); }

// ONNX Runtime against the reference executor, for every detector that needs no further pass, at the oldest and a new
// opset, with thresholds and p-values of each class.
TEST_F(OnnxExport, GivesTheScoresOfEveryDetector) {
  const std::string python = python_with_runtime();
  if (python.empty()) GTEST_SKIP() << "no Python with onnxruntime (NESCIO_PYTHON)";
  const Array features = ToyBank::array(toy_.test_features);
  io::write_npy(folder_ / "h.npy", features);
  // The runtime computes logits itself.
  std::vector<ToyBank::Row> logits;
  for (const auto& h : toy_.test_features) logits.push_back(toy_.logits(h));
  const Array z = ToyBank::array(logits);
  const expr::Batch batch = {{"features", features.matrix()}, {"logits", z.matrix()}};

  struct Expected {
    std::string name, spec;
    std::vector<double> scores, p_values = {}, flagged = {};
  };
  std::vector<Expected> all;
  std::size_t left_out = 0;
  for (const std::string& spec : detectors::all_specs()) {
    auto fitted = fit(spec);
    if (!fitted.chain.needs().arrays.empty()) {
      Model read(model(17).write(folder_ / "none/m.onnx"));
      EXPECT_THAT([&] { add_detector(read, fitted, nullptr, {}); },
                  ThrowsMessage<Error>(HasSubstr("further passes")));
      ++left_out;
      continue;
    }
    Expected expected{.name = text("d", all.size()),
                      .spec = spec,
                      .scores = std::vector<double>(ToyBank::test_rows)};
    fitted.compile(expr::Executor::reference)->run(batch, {expected.scores.data()});
    calibration::ScoredRows id;
    for (std::size_t r = 0; r < expected.scores.size(); r += 2) {
      id.scores.push_back(static_cast<float>(expected.scores[r]));
      id.predicted.push_back(
          static_cast<std::uint32_t>(std::ranges::max_element(logits[r]) - logits[r].begin()));
    }
    const bool per_class = all.size() % 2 == 1;
    const calibration::Calibration made(
        {.promise = {.share = 0.8},
         .per_class = per_class,
         .class_rows = 3,
         .validity = all.size() % 3 == 0 ? calibration::Validity::conditional
                                         : calibration::Validity::marginal},
        id);
    for (std::size_t r = 0; r < expected.scores.size(); ++r) {
      const auto answer = made.answer(
          expected.scores[r],
          static_cast<std::uint32_t>(std::ranges::max_element(logits[r]) - logits[r].begin()));
      expected.p_values.push_back(answer.p_value);
      expected.flagged.push_back(answer.is_ood);
    }
    Model read(model(all.size() % 2 == 0 ? 11 : 18).write(folder_ / "none/m.onnx"));
    add_detector(read, fitted, &made, {});
    read.write(folder_ / (expected.name + ".onnx"));
    // The threshold is an input, too: the default, as the session asks for it.
    std::vector<float> thresholds;
    const std::size_t count = per_class ? made.by_class().size() + 1 : 1;
    for (std::uint32_t c = 0; c < count; ++c)
      thresholds.push_back(static_cast<float>(made.answer(0, c).threshold));
    io::write_npy(folder_ / (expected.name + ".ood_threshold.npy"), Array({count}, thresholds));
    all.push_back(std::move(expected));
  }
  EXPECT_GT(left_out, 5U);
  const std::string run =
      "'" + python + "' '" NESCIO_ONNX_SCRIPTS "/run_models.py' '" + folder_.path().string() + "'";
  ASSERT_EQ(std::system(run.c_str()), 0);
  for (const Expected& expected : all) {
    const auto error = folder_ / (expected.name + ".error");
    ASSERT_FALSE(std::filesystem::exists(error)) << expected.spec << ": " << io::read_text(error);
    const auto output = [&](const char* name) {
      return io::read_npy(folder_ / (expected.name + "." + name + ".out.npy")).to_float64();
    };
    const Array scores = output("ood_score"), p_values = output("ood_p_value"),
                flagged = output("is_ood");
    const auto [low, high] = std::ranges::minmax(expected.scores);
    double apart = 0, others = 0;
    for (std::size_t r = 0; r < expected.scores.size(); ++r) {
      apart = std::max(apart, std::abs(scores.as<double>()[r] - expected.scores[r]));
      if (r % 2 == 0) continue;  // a calibration row meets itself: rounding decides
      others += std::abs(p_values.as<double>()[r] - expected.p_values[r]) > 1e-6;
      others += flagged.as<double>()[r] != expected.flagged[r];
    }
    EXPECT_LT(apart, 2e-5 * std::max(high - low, 1e-3 * largest_of(expected.scores)))
        << expected.spec;
    EXPECT_LE(others, 2) << expected.spec;
  }
}

}  // namespace
}  // namespace nescio::onnx
