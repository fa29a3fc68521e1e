#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bank/answers.h"
#include "base/half.h"
#include "io/test_folder.h"
#include "train/test_run.h"
#include "train/test_step.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

const std::vector<std::vector<double>> t = {{1, 2, -1}, {0.5, -0.5, 3}},
                                       z = {{2, -1, 0.5}, {0.1, 0.3, -0.2}};
constexpr std::size_t labels[] = {0, 2};

TrainingStep step_with_teacher(nn::Network& network) {
  TrainingStep step = test_step(network);
  step.teacher = torch::tensor({{1.0, 2.0, -1.0}, {0.5, -0.5, 3.0}}, torch::kFloat64);
  return step;
}

std::vector<double> softmax(std::vector<double> v, double T = 1) {
  double sum = 0;
  for (double& x : v) sum += x = std::exp(x / T);
  for (double& x : v) x /= sum;
  return v;
}

double loss(const std::string& spec) {
  Mirror network;
  TrainingStep step = step_with_teacher(network);
  return loss_of(*make_method(spec), step).item<double>();
}

TEST(LogitsBased, IsThePapersEquation) {
  double expected = 0;
  for (std::size_t b = 0; b < 2; ++b) {
    std::vector<double> q = softmax(t[b]);
    q[labels[b]] += 1;
    const auto s = softmax(z[b]);
    for (std::size_t c = 0; c < 3; ++c) expected += q[c] / 2 * std::log(q[c] / 2 / s[c]) / 2;
  }
  EXPECT_NEAR(loss("logits_based"), expected, 1e-12);
}

TEST(LogitsBased, TakesTheTeachersPartAtATemperature) {
  constexpr double T = 2;
  double expected = 0;
  for (std::size_t b = 0; b < 2; ++b) {
    const auto p = softmax(t[b], T), s = softmax(z[b]), cooler = softmax(z[b], T);
    for (std::size_t c = 0; c < 3; ++c) {
      const double hard = c == labels[b] ? 0.7 : 0, soft = 0.3 * p[c], q = hard + soft;
      expected +=
          (-hard * std::log(s[c]) - T * T * soft * std::log(cooler[c]) + q * std::log(q)) / 2;
    }
  }
  EXPECT_NEAR(loss("logits_based(fusion=mix,alpha=0.7,temperature=2)"), expected, 1e-12);
}

TEST(LogitsBased, WithAUniformTeacherIsLabelSmoothing) {
  Mirror network;
  TrainingStep step = step_with_teacher(network);
  const double smoothed = step.cross_entropy(step.images, 0.1).item<double>();
  const double p = 0.1 / 3, y = 0.9 + p;
  const double entropy = -(y * std::log(y) + 2 * p * std::log(p));
  EXPECT_NEAR(loss("logits_based(fusion=mix,teacher=uniform)"), smoothed - entropy, 1e-12);
}

TEST(LogitsBased, MixesTargetsWithPictures) {
  Mirror network;
  TrainingStep step = step_with_teacher(network);
  torch::manual_seed(3);
  const auto method = make_method("mixup(alpha=1)+logits_based");
  const double found = loss_of(*method, step).item<double>();
  ASSERT_EQ(step.mixtures.size(), 1u);
  const double share = step.mixtures[0].share.item<double>();
  const auto order = step.mixtures[0].order;
  double expected = 0;
  for (std::size_t b = 0; b < 2; ++b) {
    const auto other =
        static_cast<std::size_t>(order[static_cast<std::int64_t>(b)].item<std::int64_t>());
    std::vector<double> seen;
    for (std::size_t c = 0; c < 3; ++c) seen.push_back(share * z[b][c] + (1 - share) * z[other][c]);
    const auto s = softmax(seen);
    for (const auto& [of, weight] : {std::pair(b, share), {other, 1 - share}}) {
      std::vector<double> q = softmax(t[of]);
      q[labels[of]] += 1;
      for (std::size_t c = 0; c < 3; ++c) {
        expected += weight * q[c] / 2 * std::log(q[c] / 2 / s[c]) / 2;
      }
    }
  }
  EXPECT_NEAR(found, expected, 1e-12);
}

/// A tiny task, and what somebody says about three views of its pictures.
class LogitsBasedRun : public testing::Test {
 protected:
  void SetUp() override {
    settings_ = task_.settings();
    settings_.method = "logits_based";
    settings_.targets = answers({.augment = settings_.augment, .seed = 5, .classes = 3}, 3);
  }

  /// With the logit of a row's label raised by so much.
  std::string answers(const bank::AnswersMade& made, std::size_t views, float sure = 0) {
    const auto data = image::open_dataset(task_.spec("train"));
    const std::string path = task_.path("bank" + std::to_string(banks_++));
    bank::FeatureBank bank = bank::FeatureBank::open_or_create(path);
    std::vector<bank::ArrayPlan> plans;
    std::vector<Array> arrays;
    const auto add = [&](const char* name, std::size_t v, const Array& array) {
      Shape row(array.shape().begin() + 1, array.shape().end());
      plans.push_back(
          {bank::view_array(name, v), array.dtype(), row, {{"answers", to_json(made)}}});
      arrays.push_back(array);
    };
    const std::size_t n = data->size();
    for (std::size_t v = 0; v < views; ++v) {
      Rng rng(v);
      std::vector<float> values;
      for (std::size_t i = 0; i < n * (made.top > 0 ? made.top : 3); ++i) {
        const bool label = made.top == 0 && i % 3 == i / 3 % 3;
        values.push_back(static_cast<float>(made.top > 0 ? -1 : rng.normal()) + (label ? sure : 0));
      }
      if (made.top == 0) {
        add("logits", v, Array({n, 3}, values));
        continue;
      }
      std::vector<std::int32_t> classes;
      for (std::size_t i = 0; i < 2 * n; ++i) classes.push_back(static_cast<std::int32_t>(i % 2));
      add("top_log_p", v, to_float16(Array({n, 2}, values)));
      add("top_classes", v, Array({n, 2}, classes));
      add("tail_log_p", v, Array({n}, std::vector<float>(n, -1.3f)));
    }
    bank::SplitWriter writer(bank, "t/train", n, plans, {{"data_sha256", data->hash()}});
    for (std::size_t i = 0; i < plans.size(); ++i) writer.write(plans[i].name, arrays[i]);
    writer.commit(n);
    writer.finish();
    return path + "#t/train";
  }
  std::string fault() {
    return io::error_of(
        [&] { Trainer(settings_).run({.out = task_.path("run" + std::to_string(runs_++))}); });
  }

  TinyTask task_;
  TrainSettings settings_;
  int banks_ = 0, runs_ = 0;
};

TEST_F(LogitsBasedRun, GoesOnExactlyInTheMiddleOfTheViews) {
  expect_the_same_after_a_kill(task_, settings_);
}

TEST_F(LogitsBasedRun, SeesWhatTheTeacherSaw) {
  settings_.augment = "flip";
  EXPECT_THAT(fault(), HasSubstr("the teacher saw views changed by augment=crop(padding=2),flip"));
  settings_.targets = answers({.classes = 3}, 1);
  EXPECT_EQ(fault(), "");  // mirrored pictures go with an answer to the picture as it is
}

TEST_F(LogitsBasedRun, RefusesATeacherWhoIsAsSureAsTheLabels) {
  settings_.targets = answers({.augment = settings_.augment, .seed = 5, .classes = 3}, 3, 20);
  EXPECT_THAT(fault(), HasSubstr("so its targets are the labels"));
  settings_.method = "logits_based(temperature=20)";
  EXPECT_EQ(fault(), "");
  settings_.method = "logits_based(accept_sure=true)";
  EXPECT_EQ(fault(), "");
}

TEST_F(LogitsBasedRun, LearnsFromTheMostProbableClassesAlone) {
  settings_.targets = answers(
      {.augment = settings_.augment, .seed = 5, .classes = 3, .top = 2, .dtype = "float16"}, 3);
  EXPECT_EQ(fault(), "");
  settings_.method = "distillation";
  EXPECT_THAT(fault(), HasSubstr("keeps the 2 most probable; extract it without top="));
}

TEST_F(LogitsBasedRun, HasControls) {
  for (const char* control : {"class_mean", "permuted", "uniform"}) {
    settings_.method = text("logits_based(teacher=", control, ")");
    EXPECT_EQ(fault(), "") << control;
  }
}

}  // namespace
}  // namespace nescio::train
