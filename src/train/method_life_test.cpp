// What a method of its own kind can say about a run: here one that learns without labels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/csv.h"
#include "train/method.h"
#include "train/test_run.h"

namespace nescio::train {
namespace {

namespace fs = std::filesystem;

/// Draws the features of all pictures together, and keeps what they were drawn to.
class Gather final : public TrainingMethod {
 public:
  MethodNeeds needs() const override { return {.labels = false}; }
  void on_make(const MadeFor& made_for) override {
    centre_ = register_buffer("centre", torch::zeros({made_for.head.weight.size(1)}));
  }
  void on_fresh_start(const RunStart&) override { centre_.fill_(0.5); }
  torch::Tensor loss(TrainingStep& step) override {
    EXPECT_FALSE(step.labels.defined());
    return step.of_images(distance(step.forward(step.images).features).mean());
  }
  Sums measures(nn::Network& network, const torch::Tensor& images,
                const torch::Tensor&) const override {
    return {{"distance", distance(network.forward(images).features).sum()}};
  }
  Choice chosen_by() const override { return {"distance", false}; }
  std::map<std::string, torch::Tensor> exported(const nn::Network& network) const override {
    auto tensors = nn::tensors_of(network);
    std::erase_if(tensors, [](const auto& item) { return item.first.starts_with("fc."); });
    return tensors;
  }
  std::map<std::string, std::map<std::string, torch::Tensor>> further_files(
      const nn::Network&) const override {
    return {{"centre", {{"centre", centre_}}}};
  }

 private:
  torch::Tensor distance(const torch::Tensor& features) const {
    return (features - centre_).square().sum(1);
  }

  torch::Tensor centre_;
};

TEST(MethodLife, DecidesWhatIsMeasuredAndKept) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.data = "npy:" + task.path("train.npy");  // without labels
  settings.val = "npy:" + task.path("val.npy");
  settings.lr = 0.01;
  const fs::path out = task.path("run");
  const TrainResult done = Trainer(settings, std::make_shared<Gather>()).run({.out = out});
  EXPECT_EQ(done.measure, "distance");
  EXPECT_EQ(done.classes, 10);  // those of the network's description
  EXPECT_FALSE(done.accuracy);
  std::vector<double> measured;
  const auto rows = io::parse_csv(io::read_text(out / "metrics.csv"), "metrics");
  const auto column = std::ranges::find(rows[0], "distance") - rows[0].begin();
  ASSERT_LT(column, std::ssize(rows[0]));
  for (const auto& row : rows) {
    if (row[2] == "val") measured.push_back(std::stod(row[static_cast<std::size_t>(column)]));
  }
  ASSERT_EQ(measured.size(), 5u);
  EXPECT_NEAR(*done.val, measured.back(), 1e-9);
  EXPECT_NEAR(*done.best_val, *std::ranges::min_element(measured), 1e-9);  // less is better

  for (const char* file : {"best.safetensors", "last.safetensors"}) {
    const auto tensors = io::read_safetensors(out / file).tensors;
    EXPECT_TRUE(tensors.contains("conv1.weight")) << file;
    EXPECT_FALSE(tensors.contains("fc.weight")) << file;
  }
  const auto centre = io::read_safetensors(out / "centre.safetensors").tensors.at("centre");
  EXPECT_EQ(centre.as<float>()[0], 0.5f);

  // A run that goes on makes no fresh start: what was begun is in the checkpoint.
  TrainSettings longer = settings;
  longer.steps = 30;
  Trainer(longer, std::make_shared<Gather>()).run({.out = out, .resume = true, .changed = true});
  EXPECT_EQ(io::read_safetensors(out / "centre.safetensors").tensors.at("centre").as<float>()[0],
            0.5f);
}

/// NT-Xent of Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, ICML
/// 2020, arXiv:2002.05709: what two views of a picture have in common, against all other pictures.
class Contrast final : public TrainingMethod {
 public:
  static constexpr double T = 0.5;

  MethodNeeds needs() const override { return {.labels = false, .views = 2}; }
  bool needs_whole_batch() const override { return true; }
  torch::Tensor loss(TrainingStep& step) override {
    EXPECT_EQ(step.further_views.size(), 1u);
    EXPECT_FALSE(step.images.equal(step.further_views[0]));
    const torch::Tensor both =
        step.forward(torch::cat({step.images, step.further_views[0]})).features;
    const torch::Tensor u = torch::nn::functional::normalize(both);
    const std::int64_t count = u.size(0);
    const torch::Tensor alike =
        (u.mm(u.t()) / T).masked_fill(torch::eye(count, torch::kBool), -INFINITY);
    const torch::Tensor partners = torch::arange(count).roll(count / 2);
    const torch::Tensor loss = at::cross_entropy_loss(alike, partners);
    EXPECT_NEAR(loss.item<double>(), plain(u.to(torch::kFloat64)), 1e-5);
    return loss;
  }
  Sums measures(nn::Network& network, const torch::Tensor& images,
                const torch::Tensor&) const override {
    return {{"size", network.forward(images).features.norm(2, 1).sum()}};
  }
  Choice chosen_by() const override { return {"size", true}; }

 private:
  /// The paper's equation, pair by pair.
  static double plain(const torch::Tensor& u) {
    const std::int64_t n = u.size(0) / 2;
    const auto alike = [&](std::int64_t i, std::int64_t k) {
      return std::exp(u[i].dot(u[k]).item<double>() / T);
    };
    double sum = 0;
    for (std::int64_t i = 0; i < 2 * n; ++i) {
      double all = 0;
      for (std::int64_t k = 0; k < 2 * n; ++k) all += k == i ? 0 : alike(i, k);
      sum -= std::log(alike(i, (i + n) % (2 * n)) / all);
    }
    return sum / static_cast<double>(2 * n);
  }
};

TEST(MethodLife, SeesSeveralViewsOfEachPicture) {
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.data = "npy:" + task.path("train.npy");
  settings.val.clear();
  settings.steps = 24;
  settings.log_every = 6;
  const fs::path out = task.path("run");
  Trainer(settings, std::make_shared<Contrast>()).run({.out = out});
  const auto rows = io::parse_csv(io::read_text(out / "metrics.csv"), "metrics");
  const auto column =
      static_cast<std::size_t>(std::ranges::find(rows[0], "loss") - rows[0].begin());
  EXPECT_LT(std::stod(rows.back()[column]), std::stod(rows[1][column]));
}

TEST(Measure, LeavesEachModuleInItsMode) {
  class Two final : public nn::Network {
   public:
    torch::nn::BatchNorm2d frozen = register_module("frozen", torch::nn::BatchNorm2d(3));
    torch::nn::BatchNorm2d free = register_module("free", torch::nn::BatchNorm2d(3));
    nn::NetworkOutputs forward(const torch::Tensor& images) override {
      EXPECT_FALSE(frozen->is_training() || free->is_training() || is_training());
      const torch::Tensor x = free(frozen(images)).mean({2, 3});
      return {x, x};
    }
  };
  const TinyTask task;
  Two network;
  network.train();
  network.frozen->eval();
  image::Preprocessing preprocessing;
  preprocessing.height = preprocessing.width = 8;
  const auto found = measure(network,
                             [&](const torch::Tensor& images, const torch::Tensor& labels) {
                               return loss_and_accuracy(network.forward(images).logits, labels);
                             },
                             *image::open_dataset(task.spec("val")),
                             Upload(preprocessing, torch::kCPU, torch::MemoryFormat::Contiguous),
                             {.batch = 7}, {});
  EXPECT_FALSE(network.frozen->is_training());
  EXPECT_TRUE(network.free->is_training() && network.is_training());
  EXPECT_GT(mean_called(found, "loss"), 0);
  EXPECT_LE(mean_called(found, "accuracy"), 1);
  EXPECT_THROW(mean_called(found, "nothing"), Error);
}

}  // namespace
}  // namespace nescio::train
