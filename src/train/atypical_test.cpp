#include "train/atypical.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "nn/model.h"
#include "train/test_run.h"

namespace nescio::train {
namespace {

/// A network that has learned the tiny task, one of whose pictures has the label of another class.
class AtypicalTest : public testing::Test {
 protected:
  AtypicalTest() {
    const Array labels = io::read_npy(task_.path("train_labels.npy"));
    std::vector<std::int64_t> wrong(labels.as<std::int64_t>().begin(),
                                    labels.as<std::int64_t>().end());
    for (const std::size_t i : flipped) wrong[i] = (wrong[i] + 1) % 3;
    io::write_npy(task_.path("train_labels.npy"), Array({wrong.size()}, wrong));
    TrainSettings settings = task_.settings();
    settings.val.clear();
    settings.augment = "none";
    settings.steps = 300;
    Trainer(settings).run({.out = task_.path("run")});
    model_ = std::make_unique<nn::Model>(
        nn::Model::load("resnet8:" + task_.path("run/last.safetensors"), "cpu"));
    data_ = image::open_dataset(task_.spec("train"));
  }
  Atypical find(std::int64_t masks = 8, double keep = 0.9) const {
    const Upload upload(model_->preprocessing(), torch::kCPU, torch::MemoryFormat::ChannelsLast);
    return find_atypical(nn::network_of(*model_), *data_, upload,
                         {.mask = {.keep = keep}, .masks = masks, .batch = 20});
  }

  inline static const std::set<std::size_t> flipped = {7, 22, 41};
  TinyTask task_;
  std::unique_ptr<nn::Model> model_;
  std::unique_ptr<image::Dataset> data_;
};

TEST_F(AtypicalTest, RanksPicturesOfWrongLabelsFirst) {
  const Atypical found = find();
  ASSERT_EQ(found.size(), 48u);
  const auto order = found.ranking("masks");
  EXPECT_TRUE(std::ranges::is_sorted(order, std::greater(), [&](std::size_t i) {
    return std::pair(found.wrong[i], found.loss[i]);
  }));
  // The chance of a flipped picture to stand before another one.
  double before = 0;
  for (std::size_t place = 0; place < order.size(); ++place) {
    if (!flipped.contains(order[place])) continue;
    for (std::size_t later = place + 1; later < order.size(); ++later)
      before += !flipped.contains(order[later]);
  }
  EXPECT_GT(before / (3.0 * 45.0), 0.8);
  EXPECT_EQ(found.index[5], 5);
  EXPECT_EQ(found.labels[7], 2);  // picture 7 was of class 1
}

TEST_F(AtypicalTest, MeasuresWhatItSays) {
  const Atypical found = find(3, 0.8);
  const Upload upload(model_->preprocessing(), torch::kCPU, torch::MemoryFormat::ChannelsLast);
  std::size_t row = 0;
  nn::Network& network = nn::network_of(*model_);
  masked_passes(network, *data_, upload, {.mask = {.keep = 0.8}, .masks = 3, .batch = 20},
                [&](const MaskedBatch& batch) {
                  const torch::Tensor whole = network.forward(batch.images).logits;
                  for (std::int64_t r = 0; r < batch.labels.size(0); ++r, ++row) {
                    const auto p = whole[r].to(torch::kFloat64).softmax(0);
                    const auto y = batch.labels[r].item<std::int64_t>();
                    double wrong = 0, loss = 0, divergence = 0;
                    for (const torch::Tensor& z : batch.logits) {
                      const auto q = z[r].to(torch::kFloat64).softmax(0);
                      wrong += q.argmax().item<std::int64_t>() != y;
                      loss -= std::log(q[y].item<double>());
                      for (std::int64_t c = 0; c < 3; ++c) {
                        const double m = q[c].item<double>();
                        divergence += m * std::log(m / p[c].item<double>());
                      }
                    }
                    EXPECT_NEAR(found.wrong[row], wrong / 3, 1e-12);
                    EXPECT_NEAR(found.loss[row], loss / 3, 1e-6);
                    EXPECT_NEAR(found.divergence[row], divergence / 3, 1e-6);
                    EXPECT_NEAR(found.own_loss[row], -std::log(p[y].item<double>()), 1e-6);
                  }
                  return true;
                });
  const auto order = found.ranking("divergence");
  EXPECT_TRUE(std::ranges::is_sorted(order, std::greater(),
                                     [&](std::size_t i) { return found.divergence[i]; }));
}

}  // namespace
}  // namespace nescio::train
