// Published weights load, and say about real pictures what PyTorch says with the published code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "image/loading/loader.h"
#include "io/test_folder.h"
#include "nn/model.h"

namespace nescio::nn {
namespace {

using testing::HasSubstr;

class PublishedWeights : public testing::Test {
 protected:
  void SetUp() override {
    const char* weights = std::getenv("NESCIO_WEIGHTS");
    if (!weights) GTEST_SKIP() << "NESCIO_WEIGHTS is not set";
    weights_ = weights;
  }
  Model load(const std::string& network, const std::string& file) const {
    return Model::load(text(network, ':', weights_, '/', file), "cpu");
  }
  std::string weights_;
};

/// What a network says about a data set.
struct Said {
  std::size_t wrong = 0;
  double cross_entropy = 0;        // mean
  double largest_probability = 0;  // mean
};

Said say(const Model& model, const image::Dataset& dataset) {
  Said said;
  image::Loader loader(dataset, model.preprocessing(), {.batch = 100});
  const auto pictures = static_cast<double>(dataset.size());
  for (image::ImageBatch batch; loader.next(batch);) {
    const Array logits = model.forward(batch.images).logits;
    for (std::size_t i = 0; i < batch.count; ++i) {
      const auto row = logits.as<float>().subspan(i * logits.cols(), logits.cols());
      const auto label = static_cast<std::size_t>(batch.labels[i]);
      const auto largest = std::ranges::max_element(row);
      double sum = 0;  // of probabilities, relative to the largest
      for (const float z : row) sum += std::exp(double{z} - *largest);
      said.wrong += static_cast<std::size_t>(largest - row.begin()) != label;
      said.cross_entropy += (std::log(sum) + *largest - row[label]) / pictures;
      said.largest_probability += 1 / sum / pictures;
    }
  }
  return said;
}

TEST_F(PublishedWeights, CifarResNetsLoad) {
  for (const auto& [network, file] : {std::pair{"resnet20", "resnet20-12fca82f.th"},
                                      std::pair{"resnet32", "resnet32-d509ac18.th"},
                                      std::pair{"resnet44", "resnet44-014dd654.th"},
                                      std::pair{"resnet56", "resnet56-4bfd9763.th"}}) {
    EXPECT_EQ(load(network, file).classes(), 10u);
  }
}

TEST_F(PublishedWeights, AnotherNetworksAreAnsweredWithItsName) {
  const auto fault = [&](const std::string& network, const std::string& file) {
    return io::error_of([&] { load(network, file); });
  };
  EXPECT_THAT(fault("resnet20", "resnet32-d509ac18.th"), HasSubstr("they fit resnet32;"));
  EXPECT_THAT(fault("densenet_bc_100_12", "densenet100_cifar10_um.state"),
              HasSubstr("they fit densenet_bc_100_12_nonaffine;"));
}

// All 10,000 pictures give 0.9362 and 0.2760; these are values of the first 100.
TEST_F(PublishedWeights, DenseNetSaysWhatItDoesInPython) {
  const char* data = std::getenv("NESCIO_DATA");
  if (!data) GTEST_SKIP() << "NESCIO_DATA is not set";
  const auto pictures =
      image::open_dataset(text("cifar10:", data, "/cifar-10-batches-bin?split=test&index=0-99"));
  const Said said =
      say(load("densenet_bc_100_12_nonaffine", "densenet100_cifar10_um.state"), *pictures);
  EXPECT_EQ(said.wrong, 6u);
  EXPECT_NEAR(said.cross_entropy, 0.2757054, 1e-5);
}

// All 10,000 pictures are classified right in 81.42 % and 72.85 % of the cases.
TEST_F(PublishedWeights, VisionTransformersSayWhatTheyDoInPython) {
  const char* data = std::getenv("NESCIO_DATA");
  if (!data) GTEST_SKIP() << "NESCIO_DATA is not set";
  const auto pictures =
      image::open_dataset(text("cifar10:", data, "/cifar-10-batches-bin?split=test&index=0-99"));
  const Model pretrained = load("vit_t2_32", "vit_mae_cifar10.safetensors");
  const image::Preprocessor preprocessor(pretrained.preprocessing());
  std::vector<float> image(preprocessor.size());
  preprocessor.apply(pictures->load(0).image, image);
  constexpr std::array<double, 10> expected = {12.0749, -0.7714, -1.9676, -2.5001, -3.3032,
                                               -0.8311, -1.8933, -0.6652, 7.5381,  -1.3147};
  const Array logits = pretrained.forward(image).logits;
  for (std::size_t c = 0; c < 10; ++c) EXPECT_NEAR(logits.as<float>()[c], expected[c], 1e-4);
  EXPECT_LT(say(pretrained, *pictures).wrong, 28u);
  EXPECT_LT(say(load("vit_t2_32", "vit_scratch_cifar10.safetensors"), *pictures).wrong, 38u);
}

/// A snapshot of Outlier Exposure's MNIST networks: what its file holds, its logits for the first
/// test picture, and what it says about all 10,000.
struct Snapshot {
  const char* file;
  std::array<double, 3> first;  // of conv1.weight
  double sum;                   // of conv1.weight
  std::array<double, 10> logits;
  std::size_t wrong;
  double largest_probability;
};

constexpr Snapshot snapshots[] = {
    {"baseline_epoch_9",
     {-0.004166, -0.190347, -0.182938},
     0.704134,
     {-6.6872, -1.3829, 3.7348, 3.2190, -4.3892, -8.0788, -16.2981, 17.4777, -1.8349, 4.6220},
     94,
     0.990698},
    {"oe_tune_epoch_4",
     {-0.009708, -0.153557, -0.158669},
     -2.588554,
     {-7.0617, -1.6491, 2.7196, 2.3729, -2.1680, -7.4676, -12.6219, 16.5186, -2.3211, 3.4266},
     92,
     0.990786},
    {"oe_scratch_epoch_9",
     {-0.023705, -0.305023, -0.333169},
     -0.406070,
     {-7.7333, -1.0316, 5.2174, 3.1891, -4.4262, -6.4666, -13.5749, 16.9129, -3.8120, 1.6907},
     103,
     0.989402},
    {"calib_baseline_epoch_9",
     {0.011578, -0.178743, -0.177198},
     1.032973,
     {-6.7150, -2.6502, 4.8570, 4.1711, -5.8197, -8.9863, -15.1274, 17.1074, -1.7728, 2.4214},
     96,
     0.990251},
    {"calib_oe_tune_epoch_4",
     {-0.079568, -0.226497, -0.211634},
     -1.473403,
     {-7.5690, -2.7119, 3.4420, 3.0291, -3.6939, -8.4957, -12.8217, 16.8116, -3.1002, 3.6533},
     94,
     0.990268},
    {"calib_oe_scratch_epoch_9",
     {0.019535, -0.264350, -0.255417},
     1.656023,
     {-6.5578, -1.7947, 4.5220, 3.3167, -6.0124, -4.9065, -14.2740, 16.7610, -3.1950, 3.4236},
     117,
     0.988489},
};

TEST_F(PublishedWeights, MnistConvNetsSayWhatTheyDoInPython) {
  const char* data = std::getenv("NESCIO_DATA");
  if (!data) GTEST_SKIP() << "NESCIO_DATA is not set";
  const std::string mnist = text(data, "/mnist/t10k-");
  const auto pictures = image::open_dataset(
      text("idx:", mnist, "images-idx3-ubyte.gz?labels=", mnist, "labels-idx1-ubyte.gz"));
  for (const Snapshot& snapshot : snapshots) {
    const Model model = load("mnist_convnet", text("mnist/", snapshot.file, ".pt"));
    const Array kernels = model.parameters().at("conv1.weight");
    const auto values = kernels.as<float>();
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(values[i], snapshot.first[i], 1e-6);
    EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0), snapshot.sum, 1e-5);

    const image::Preprocessor preprocessor(model.preprocessing());
    std::vector<float> image(preprocessor.size());
    preprocessor.apply(pictures->load(0).image, image);
    const Array logits = model.forward(image).logits;
    for (std::size_t c = 0; c < 10; ++c) {
      EXPECT_NEAR(logits.as<float>()[c], snapshot.logits[c], 1e-4) << snapshot.file;
    }
    const Said said = say(model, *pictures);
    EXPECT_EQ(said.wrong, snapshot.wrong) << snapshot.file;
    EXPECT_NEAR(said.largest_probability, snapshot.largest_probability, 1e-6) << snapshot.file;
  }
}

}  // namespace
}  // namespace nescio::nn
