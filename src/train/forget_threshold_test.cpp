#include "train/forget_threshold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/text.h"
#include "nn/model.h"
#include "train/test_run.h"
#include "train/validation.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

/// A network of three classes that has learned the tiny task a little.
class Threshold : public testing::Test {
 protected:
  Threshold() {
    TrainSettings settings = task_.settings();
    settings.val.clear();
    settings.steps = 60;
    Trainer(settings).run({.out = task_.path("run")});
    model_ = std::make_unique<nn::Model>(
        nn::Model::load("resnet8:" + task_.path("run/last.safetensors"), "cpu"));
    upload_ = std::make_unique<Upload>(model_->preprocessing(), torch::kCPU,
                                       torch::MemoryFormat::ChannelsLast);
    data_ = image::open_dataset(task_.spec("train"));
  }
  ForgetThreshold estimate(MaskedPassOptions options = {}) const {
    return estimate_forget_threshold(nn::network_of(*model_), *data_, *upload_, options);
  }

  TinyTask task_{50};
  std::unique_ptr<nn::Model> model_;
  std::unique_ptr<Upload> upload_;
  std::unique_ptr<image::Dataset> data_;
};

TEST_F(Threshold, OfTheWholeNetworkIsItsMeanLoss) {
  nn::Network& network = nn::network_of(*model_);
  const Criterion criterion = [&](const torch::Tensor& images, const torch::Tensor& labels) {
    return loss_and_accuracy(network.forward(images).logits, labels);
  };
  const Means expected = measure(network, criterion, *data_, *upload_, {.batch = 50}, {});
  // The last batch has two pictures.
  const ForgetThreshold found = estimate({.mask = {.keep = 1}, .masks = 2, .batch = 16});
  ASSERT_EQ(found.losses.size(), 2u);
  EXPECT_NEAR(found.mean(), mean_called(expected, "loss"), 1e-6);
  EXPECT_EQ(found.deviation(), 0);
  EXPECT_NEAR(found.accuracy(), mean_called(expected, "accuracy"), 1e-12);
  EXPECT_EQ(found.pictures, 50u);
}

TEST_F(Threshold, LeavesTheNetworkAsItIs) {
  const auto before = model_->parameters();
  const torch::nn::Module& network = nn::network_of(*model_);
  estimate({.mask = {.keep = 0.7}, .masks = 3, .batch = 20});
  estimate({.mask = {.keep = 0.7}, .masks = 3, .bn = "recalibrated", .batch = 20});
  for (const auto& item : model_->parameters()) {
    const auto& old = before.at(item.first);
    EXPECT_EQ(std::memcmp(old.data(), item.second.data(), old.bytes()), 0) << item.first;
  }
  EXPECT_FALSE(network.is_training());
}

TEST_F(Threshold, GrowsWithWhatIsMasked) {
  double last = estimate({.mask = {.keep = 1}, .masks = 1}).mean();
  for (const double keep : {0.9, 0.7, 0.4}) {
    const ForgetThreshold found = estimate({.mask = {.keep = keep}, .masks = 8});
    EXPECT_GT(found.mean(), last) << keep;
    EXPECT_GT(found.deviation(), 0) << keep;
    last = found.mean();
  }
}

TEST_F(Threshold, FollowsFromItsSeed) {
  const MaskedPassOptions options{
      .mask = {.keep = 0.8}, .masks = 3, .augment = "crop(padding=2),flip", .seed = 4};
  EXPECT_EQ(estimate(options).losses, estimate(options).losses);
  MaskedPassOptions other = options;
  other.seed = 5;
  EXPECT_NE(estimate(options).losses, estimate(other).losses);
  other = options;
  other.workers = 1;
  other.masks = 2;
  const auto found = estimate(other).losses;
  EXPECT_TRUE(std::equal(found.begin(), found.end(), estimate(options).losses.begin()));
}

TEST_F(Threshold, RecalibratedStatisticsAreThoseOfThePictures) {
  // One batch and no mask: statistics of batch normalisation in training mode, with its unbiased variance.
  nn::Network& network = nn::network_of(*model_);
  const ForgetThreshold stored = estimate({.mask = {.keep = 1}, .masks = 1, .batch = 50});
  const ForgetThreshold found =
      estimate({.mask = {.keep = 1}, .masks = 1, .bn = "recalibrated", .batch = 50});
  EXPECT_NE(found.mean(), stored.mean());
  image::Loader loader(*data_, model_->preprocessing(), {.batch = 50});
  image::ImageBatch batch;
  loader.next(batch);
  const torch::NoGradGuard no_gradients;
  Tensors copies;
  for (const auto& item : network.named_buffers()) copies.emplace(item.key(), item.value().clone());
  const Swapped swapped(network, copies);
  network.train();
  const torch::Tensor z = network.forward((*upload_)(batch)).logits;
  network.eval();
  const double biased = at::cross_entropy_loss(z, torch::tensor(batch.labels)).item<double>();
  EXPECT_NEAR(found.mean(), biased, 0.02 * biased + 0.002);
}

TEST_F(Threshold, FindsTheSmallestShareForAnAccuracy) {
  const double target = 0.8;
  const ForgetThreshold found =
      threshold_for_accuracy(nn::network_of(*model_), *data_, *upload_, {.masks = 4}, target);
  EXPECT_GE(found.accuracy(), target);
  EXPECT_LT(estimate({.mask = {.keep = found.keep - 0.001}, .masks = 4}).accuracy(), target);
  std::size_t batches = 0;  // of 11 passes of 13, if all went to their end
  const ForgetThreshold in_steps = threshold_for_accuracy(
      nn::network_of(*model_), *data_, *upload_,
      {.masks = 4, .batch = 4, .progress = [&](auto, auto, auto) { ++batches; }}, target);
  EXPECT_EQ(in_steps.keep, found.keep);
  EXPECT_LT(batches, 11u * 13u);
  EXPECT_THAT(io::error_of([&] {
                threshold_for_accuracy(nn::network_of(*model_), *data_, *upload_, {.masks = 4},
                                       1.01);
              }),
              HasSubstr("the whole network reaches"));
}

TEST_F(Threshold, NeedsLabelsOfItsClasses) {
  const auto fault = [&](const std::string& spec) {
    return io::error_of([&] {
      estimate_forget_threshold(nn::network_of(*model_), *image::open_dataset(spec), *upload_, {});
    });
  };
  EXPECT_THAT(fault("npy:" + task_.path("train.npy")), HasSubstr("has no label"));
  EXPECT_THAT(fault("procedural:shapes?count=40"), HasSubstr("the network has 3 classes"));
}

/// Of the published DenseNet others measured 0.00065 on the
/// first 1,000 training pictures as they are.
TEST(ThresholdGolden, OfThePublishedDenseNet) {
  const char* data = std::getenv("NESCIO_DATA");
  const char* weights = std::getenv("NESCIO_WEIGHTS");
  if (!data || !weights) GTEST_SKIP() << "NESCIO_DATA or NESCIO_WEIGHTS is not set";
  const nn::Model model = nn::Model::load(
      text("densenet_bc_100_12_nonaffine:", weights, "/densenet100_cifar10_um.state"), "cpu");
  const Upload upload(model.preprocessing(), torch::kCPU, torch::MemoryFormat::ChannelsLast);
  const auto pictures =
      image::open_dataset(text("cifar10:", data, "/cifar-10-batches-bin?split=train&index=0-99"));
  const ForgetThreshold whole = estimate_forget_threshold(
      nn::network_of(model), *pictures, upload, {.mask = {.keep = 1}, .masks = 1, .batch = 50});
  EXPECT_LT(whole.mean(), 0.01);
  EXPECT_EQ(whole.accuracy(), 1);
}

}  // namespace
}  // namespace nescio::train
