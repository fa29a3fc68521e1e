#include "train/learner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "io/test_folder.h"

namespace nescio::train {
namespace {

using testing::ElementsAre;

/// A kernel and a head, without normalisation: what a picture gives depends on it alone.
class Plain final : public nn::Network {
 public:
  explicit Plain(std::int64_t classes)
      : conv_(register_module("conv", torch::nn::Conv2d(3, 4, 3))),
        fc_(register_module("fc", torch::nn::Linear(4, classes))) {}

  nn::NetworkOutputs forward(const torch::Tensor& images) override {
    const torch::Tensor features = conv_(images).relu().mean({2, 3});
    return {fc_(features), features};
  }

 private:
  torch::nn::Conv2d conv_;
  torch::nn::Linear fc_;
};

nn::ModelSource plain_source() {
  static const nn::NetworkInfo info = [] {
    nn::NetworkInfo plain;
    plain.head = "fc";
    plain.make = [](std::int64_t classes) { return std::make_shared<Plain>(classes); };
    return plain;
  }();
  nn::ModelSource source;
  source.info = &info;
  source.preprocessing.height = 6;
  source.preprocessing.width = 6;
  return source;
}

image::ImageBatch batch_of(std::int64_t count, int seed) {
  torch::manual_seed(seed);
  const torch::Tensor images = torch::randn({count, 3, 6, 6});
  image::ImageBatch batch;
  batch.images.assign(images.const_data_ptr<float>(),
                      images.const_data_ptr<float>() + images.numel());
  for (std::int64_t i = 0; i < count; ++i) {
    batch.labels.push_back(i % 3);
    batch.index.push_back(100 * seed + i);
  }
  batch.count = static_cast<std::size_t>(count);
  return batch;
}

struct Taught {
  std::map<std::string, torch::Tensor> tensors;
  StepMeans means;
  std::optional<BadLoss> bad;
};

/// What three steps leave.
Taught teach(TrainSettings settings, std::int64_t pictures = 12) {
  settings.device = "cpu";
  Learner learner(settings, plain_source(), 3);
  learner.begin();
  Taught out;
  for (std::int64_t step = 0; step < 3; ++step) {
    learner.step(step, 3, 0.1, batch_of(pictures, 1 + static_cast<int>(step)), batch_of(6, 9),
                 out.means);
  }
  out.bad = out.means.read();
  out.tensors = learner.tensors();
  return out;
}

void expect_close(const Taught& found, const Taught& expected) {
  for (const auto& [name, tensor] : expected.tensors) {
    EXPECT_TRUE(torch::allclose(found.tensors.at(name), tensor, 1e-5, 1e-6)) << name;
  }
  EXPECT_EQ(found.means.steps(), expected.means.steps());
  EXPECT_NEAR(found.means.loss(), expected.means.loss(), 1e-6);
  EXPECT_NEAR(found.means.loss(), expected.means.loss(), 1e-6);
  EXPECT_EQ(found.means.accuracy(), expected.means.accuracy());
  ASSERT_EQ(found.means.terms().size(), expected.means.terms().size());
  for (std::size_t i = 0; i < expected.means.terms().size(); ++i) {
    EXPECT_NEAR(found.means.terms()[i].second, expected.means.terms()[i].second, 1e-6);
  }
}

TEST(Learner, PartsOfABatchAddUpToIt) {
  for (const char* optimiser : {"sgd", "adamw"}) {
    const Taught whole = teach({.method = "outlier_exposure", .optimiser = optimiser});
    for (const std::int64_t parts : {2, 3, 6}) {
      expect_close(
          teach({.method = "outlier_exposure", .accumulate = parts, .optimiser = optimiser}),
          whole);
    }
  }
}

TEST(Learner, TheLastBatchOfAnEpochMaySplitUnevenly) {
  for (const std::int64_t pictures : {7, 2}) {
    expect_close(teach({.accumulate = 3}, pictures), teach({}, pictures));
  }
}

TEST(Learner, Bfloat16ReachesEveryMethodAndLeavesFloat32) {
  for (const MethodInfo& info : methods::catalogue()) {
    const Taught exact = teach({.method = info.name}, 6);
    const Taught brief = teach({.method = info.name, .precision = "bfloat16"}, 6);
    EXPECT_NE(brief.means.loss(), exact.means.loss()) << info.name;
    EXPECT_NEAR(brief.means.loss(), exact.means.loss(), 0.1 * (1 + exact.means.loss()))
        << info.name;
    for (const auto& [name, tensor] : brief.tensors) {
      EXPECT_NE(tensor.scalar_type(), torch::kBFloat16) << info.name << ' ' << name;
    }
  }
}

TEST(Learner, ALossThatIsNotFiniteNamesItsPictures) {
  TrainSettings settings{.method = "outlier_exposure", .accumulate = 2};
  settings.device = "cpu";
  Learner learner(settings, plain_source(), 3);
  learner.begin();
  StepMeans means;
  learner.step(0, 9, 0.1, batch_of(4, 1), batch_of(2, 2), means);
  image::ImageBatch damaged = batch_of(4, 3);
  damaged.images.back() = std::numeric_limits<float>::quiet_NaN();
  learner.step(1, 9, 0.1, damaged, batch_of(2, 4), means);
  learner.step(2, 9, 0.1, batch_of(4, 5), batch_of(2, 6), means);
  const auto bad = means.read();
  ASSERT_TRUE(bad.has_value());
  EXPECT_EQ(bad->step, 1);
  EXPECT_TRUE(std::isnan(bad->loss));
  EXPECT_THAT(bad->pictures.data, ElementsAre(302, 303));
  EXPECT_THAT(bad->pictures.outliers, ElementsAre(401));
}

TEST(Learner, LossesMayBeReadAfterEachStepOrLater) {
  TrainSettings settings{.method = "outlier_exposure"};
  settings.device = "cpu";
  Learner learner(settings, plain_source(), 3);
  learner.begin();
  StepMeans at_once;
  StepMeans later;
  for (std::int64_t step = 0; step < 4; ++step) {
    StepMeans& means = step < 2 ? at_once : later;
    learner.step(step, 4, 0, batch_of(6, 1), batch_of(2, 2), means);
    EXPECT_FALSE(step < 2 && means.read());
  }
  EXPECT_EQ(later.steps(), 2);
  EXPECT_FALSE(later.accuracy());
  EXPECT_FALSE(later.read());
  EXPECT_EQ(later.to_json(), at_once.to_json());
  EXPECT_FALSE(later.read());
  EXPECT_EQ(later.to_json(), StepMeans(later.to_json()).to_json());
}

TEST(Learner, ACheckpointKeepsAllThatAStepChanges) {
  const auto names = [](const TrainSettings& settings) {
    std::set<std::string> prefixes;
    for (const auto& [name, tensor] : teach(settings).tensors) {
      prefixes.insert(name.substr(0, name.find('.', name.find('.') + 1)));
    }
    return prefixes;
  };
  EXPECT_THAT(names({}), ElementsAre("network.conv", "network.fc", "optimiser.network"));
  EXPECT_THAT(names({.optimiser = "adamw", .ema = 0.5}),
              ElementsAre("ema.conv", "ema.fc", "network.conv", "network.fc", "optimiser.mean",
                          "optimiser.square", "optimiser.steps"));
}

}  // namespace
}  // namespace nescio::train
