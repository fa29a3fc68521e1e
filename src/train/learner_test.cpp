#include "train/learner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "io/test_folder.h"
#include "nn/test_device.h"
#include "train/losses.h"

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

class PlainDesign final : public nn::Design {
 public:
  std::shared_ptr<nn::Network> make(std::int64_t classes) const override {
    return std::make_shared<Plain>(classes);
  }
};

nn::ModelSource plain_source() {
  static const nn::NetworkInfo info = [] {
    nn::NetworkInfo plain;
    plain.head = "fc";
    return nn::describe_network(plain, PlainDesign());
  }();
  nn::ModelSource source;
  source.network = {&info, info.design()};
  source.preprocessing.height = 6;
  source.preprocessing.width = 6;
  return source;
}

image::ImageBatch batch_of(std::int64_t count, std::int64_t seed) {
  torch::manual_seed(static_cast<std::uint64_t>(seed));
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

/// What a method may look at before the first step.
const image::Dataset& some_pictures() {
  static const auto pictures = image::open_dataset("procedural:shapes?count=40&classes=0,1,2");
  return *pictures;
}

struct Taught {
  std::map<std::string, torch::Tensor> tensors;
  StepMeans means;
  std::optional<BadLoss> bad;
};

/// What three steps leave.
Taught teach(TrainSettings settings, std::int64_t pictures = 12, std::int64_t steps = 3) {
  settings.device = nn::test_device();
  settings.model = "plain:trained";
  Learner learner(settings, plain_source(), 3, make_method(settings.method));
  learner.begin(&some_pictures());
  Taught out;
  for (std::int64_t step = 0; step < steps; ++step) {
    StepData data{batch_of(pictures, 1 + step), batch_of(6, 9)};
    const std::vector<float> view = data.images.images;
    for (std::int64_t v = 1; v < learner.method().needs().views; ++v) {
      data.images.images.insert(data.images.images.end(), view.begin(), view.end());
    }
    if (learner.method().needs().teacher) {
      data.teacher.width = 3;
      for (std::int64_t i = 0; i < 3 * pictures; ++i) {
        data.teacher.values.push_back(static_cast<float>(i % 5));
      }
    }
    learner.step(step, 3, 0.1, data, out.means);
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
    for (const std::string method : {"cross_entropy", "logit_mixoe"}) {
      expect_close(teach({.method = method, .accumulate = 3}, pictures),
                   teach({.method = method}, pictures));
    }
  }
}

/// Whether it is refused in parts, by its own word.
bool needs_whole_batch(const std::string& method) {
  return make_method(method)->needs_whole_batch();
}

/// Whether it is one of masked_modelling_test.cpp, which tries the same with a network of patches.
bool needs_patches(const std::string& method) {
  try {
    teach({.method = method}, 12, 0);
  } catch (const Error& e) {
    return std::string(e.what()).find("expected a network of patches") != std::string::npos;
  }
  return false;
}

TEST(Learner, EveryMethodTakesTheStepsOfTheWholeBatchInParts) {
  std::vector<std::string> specs = {"mixup+outlier_exposure",
                                    "cutmix(p=1)+cross_entropy(label_smoothing=0.1)+energy_bounded",
                                    "mixup+cutmix(p=1)+logit_norm",
                                    "mixoe(mix=cutmix)",
                                    "outlier_exposure(forward=separate)",
                                    "logit_mixoe(lam_per=sample,share_lam=false)",
                                    "logit_mixoe(preset=author_fc)",
                                    "logit_mixoe(preset=logit_mixoe_full,mix=cutmix,cons=kl)"};
  for (const MethodInfo& info : methods::catalogue()) specs.push_back(info.name);
  std::size_t compared = 0;
  for (const std::string& spec : specs) {
    SCOPED_TRACE(spec);
    if (needs_whole_batch(spec) || needs_patches(spec)) continue;
    ++compared;
    const Taught whole = teach({.method = spec}, 12, 20);
    for (const std::int64_t parts : {2, 3}) {
      const Taught found = teach({.method = spec, .accumulate = parts}, 12, 20);
      for (const auto& [name, tensor] : whole.tensors) {
        EXPECT_TRUE(torch::allclose(found.tensors.at(name), tensor, 1e-4, 1e-5)) << name;
      }
      ASSERT_EQ(found.means.terms().size(), whole.means.terms().size());
      for (std::size_t i = 0; i < whole.means.terms().size(); ++i) {
        EXPECT_NEAR(found.means.terms()[i].second, whole.means.terms()[i].second, 1e-4);
      }
    }
  }
  EXPECT_GT(compared, 12u);
}

TEST(Learner, RefusesPartsOfWhatNeedsTheWholeBatch) {
  for (const char* spec : {"vos", "outlier_exposure(top=2)", "mixup+oe(top=2)"}) {
    EXPECT_THAT(io::error_of([&] { teach({.method = spec, .accumulate = 2}); }),
                testing::HasSubstr("accumulate=2"))
        << spec;
  }
}

/// Says what has happened to it, freezes the convolution and turns its gradients round.
class Recording final : public TrainingMethod {
 public:
  std::vector<std::string> life;

  Draws draw(const StepFacts& facts) override {
    life.push_back(text("draw ", facts.rows.images));
    return {{"turned", {torch::full({facts.rows.images}, -1.0f), Rows::images}}};
  }
  void prepare(TrainingStep& step) const override {
    step.images = step.images * step.draws.at("turned").values.view({-1, 1, 1, 1});
  }
  torch::Tensor loss(TrainingStep& step) override {
    life.push_back(text("loss ", step.images.size(0)));
    EXPECT_TRUE(step.draws.at("turned").values.size(0) == step.images.size(0));
    step.logits = step.forward(step.images).logits;
    return step.cross_entropy(step.logits);
  }
  void before_update(nn::Network& network) override {
    life.emplace_back("before update");
    for (const torch::Tensor& p : network.parameters()) {
      if (p.grad().defined()) p.mutable_grad().neg_();
    }
  }
  bool trains(const std::string& parameter) const override { return parameter.starts_with("fc."); }
  void on_make(const MadeFor& made_for) override {
    EXPECT_EQ(made_for.head.weight.sizes(), (std::vector<std::int64_t>{3, 4}));
    life.emplace_back("made");
  }
  void on_fresh_start(const RunStart&) override { life.emplace_back("fresh start"); }
  void set_mode(nn::Network& network) const override { network.eval(); }
};

TEST(Learner, LeadsAMethodThroughItsLife) {
  const auto method = std::make_shared<Recording>();
  TrainSettings settings{.accumulate = 2, .momentum = 0, .nesterov = false, .weight_decay = 0};
  settings.device = nn::test_device();
  Learner learner(settings, plain_source(), 3, method);
  const auto before = nn::tensors_of(learner.network());
  std::map<std::string, torch::Tensor> start;
  for (const auto& [name, tensor] : before) start.emplace(name, tensor.clone());
  learner.begin(&some_pictures());
  EXPECT_FALSE(learner.network().is_training());
  StepMeans means;
  const auto loss_now = [&] {
    image::ImageBatch batch = batch_of(6, 1);
    for (float& v : batch.images) v = -v;
    const torch::Tensor images = torch::from_blob(batch.images.data(), {6, 3, 6, 6});
    return cross_entropy(learner.network().forward(images).logits, torch::tensor(batch.labels))
        .item<double>();
  };
  const double first = loss_now();
  learner.step(0, 1, 0.1, {batch_of(6, 1)}, means);
  EXPECT_THAT(method->life,
              ElementsAre("made", "fresh start", "draw 6", "loss 3", "loss 3", "before update"));
  EXPECT_GT(loss_now(), first);  // against the gradient, of the pictures as they were prepared
  EXPECT_TRUE(before.at("conv.weight").equal(start.at("conv.weight")));
  EXPECT_FALSE(before.at("fc.weight").equal(start.at("fc.weight")));

  method->life.clear();
  Learner(settings, plain_source(), 3, method).begin(nullptr);
  EXPECT_THAT(method->life, ElementsAre("made"));
}

TEST(Learner, AFrozenBodyStaysAsItIs) {
  const Taught start = teach({.method = "head_only"}, 12, 0);
  const Taught end = teach({.method = "head_only"}, 12, 3);
  EXPECT_TRUE(end.tensors.at("network.conv.weight").equal(start.tensors.at("network.conv.weight")));
  EXPECT_TRUE(end.tensors.at("network.conv.bias").equal(start.tensors.at("network.conv.bias")));
  EXPECT_FALSE(end.tensors.at("network.fc.weight").equal(start.tensors.at("network.fc.weight")));
  EXPECT_FALSE(end.tensors.contains("optimiser.network.conv.weight"));
}

TEST(Learner, Bfloat16ReachesEveryMethodAndLeavesFloat32) {
  for (const MethodInfo& info : methods::catalogue()) {
    if (needs_patches(info.name)) continue;
    // A network that has learned nothing has no level to forget to.
    const bool floods =
        std::ranges::count(info.parameters, "b", [](const auto& p) { return p.info.name; }) > 0;
    const std::string spec = info.name + (floods ? "(b=0.1)" : "");
    const Taught exact = teach({.method = spec}, 6);
    const Taught brief = teach({.method = spec, .precision = "bfloat16"}, 6);
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
  settings.device = nn::test_device();
  Learner learner(settings, plain_source(), 3, make_method(settings.method));
  learner.begin(&some_pictures());
  StepMeans means;
  learner.step(0, 9, 0.1, {batch_of(4, 1), batch_of(2, 2)}, means);
  image::ImageBatch damaged = batch_of(4, 3);
  damaged.images.back() = std::numeric_limits<float>::quiet_NaN();
  learner.step(1, 9, 0.1, {damaged, batch_of(2, 4)}, means);
  learner.step(2, 9, 0.1, {batch_of(4, 5), batch_of(2, 6)}, means);
  const auto bad = means.read();
  ASSERT_TRUE(bad.has_value());
  EXPECT_EQ(bad->step, 1);
  EXPECT_TRUE(std::isnan(bad->loss));
  EXPECT_THAT(bad->pictures.data, ElementsAre(301, 303));  // a pair's, and one without a partner
  EXPECT_THAT(bad->pictures.outliers, ElementsAre(401));
}

TEST(Learner, LossesMayBeReadAfterEachStepOrLater) {
  TrainSettings settings{.method = "outlier_exposure"};
  settings.device = nn::test_device();
  Learner learner(settings, plain_source(), 3, make_method(settings.method));
  learner.begin(&some_pictures());
  StepMeans at_once;
  StepMeans later;
  for (std::int64_t step = 0; step < 4; ++step) {
    StepMeans& means = step < 2 ? at_once : later;
    learner.step(step, 4, 0, {batch_of(6, 1), batch_of(2, 2)}, means);
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
