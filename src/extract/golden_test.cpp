// From real pictures through published weights to reference features and accuracies.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "extract/extract.h"
#include "io/npy.h"
#include "io/test_folder.h"

namespace nescio {
namespace {

class GoldenTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("NESCIO_DATA");
    const char* weights = std::getenv("NESCIO_WEIGHTS");
    if (!data || !weights) GTEST_SKIP() << "NESCIO_DATA or NESCIO_WEIGHTS is not set";
    data_ = data;
    weights_ = weights;
  }
  Model load(const std::string& network, const std::string& file) const {
    return Model::load(network + ":" + weights_ + "/" + file, "cpu");
  }
  std::string cifar10_test() const {
    return "cifar10:" + data_ + "/cifar-10-batches-bin?split=test";
  }
  /// Accuracy on the rows first, first + step, ... of CIFAR-10's test set.
  double accuracy(const std::string& network, const std::string& file, std::int64_t rows) const {
    std::vector<std::int64_t> index;
    for (std::int64_t i = 0; i < rows; ++i) index.push_back(i);
    write_npy(folder_ / "rows.npy", Array({index.size()}, index));
    const std::string spec = cifar10_test() + "&index=" + (folder_ / "rows.npy").string();
    FeatureBank bank = FeatureBank::open_or_create(folder_ / network);
    return extract(load(network, file), *open_dataset(spec), spec, bank, "cifar10/test")
        .accuracy.value();
  }

  TestFolder folder_;
  std::string data_, weights_;
};

/// Largest difference of the values.
double distance(const Array& a, const Array& b) {
  if (a.shape() != b.shape()) fail("shapes ", to_string(a.shape()), " ", to_string(b.shape()));
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, static_cast<double>(std::abs(a.as<float>()[i] - b.as<float>()[i])));
  }
  return most;
}

TEST_F(GoldenTest, ReproducesTheGoldenBankFromPictures) {
  const char* golden_folder = std::getenv("NESCIO_GOLDEN");
  if (!golden_folder) GTEST_SKIP() << "NESCIO_GOLDEN is not set";
  const std::string golden = std::string(golden_folder) + "/bank/";
  struct Split {
    std::string name, data;
    bool labelled;  // the others have -1 there and their own labels here
  };
  const Split splits[] = {
      {"train", "cifar10:" + data_ + "/cifar-10-batches-bin?split=train&", true},
      {"id_val", cifar10_test() + "&", true},
      {"id_test", cifar10_test() + "&", true},
      {"near_cifar100", "cifar100:" + data_ + "/cifar-100-binary?", false},
      {"far_gtsrb", "records:" + data_ + "/gtsrb32/test.bin?", false},
      {"far_notmnist",
       "idx:" + data_ + "/notmnist/t10k-images-idx3-ubyte.gz?labels=" + data_ +
           "/notmnist/t10k-labels-idx1-ubyte.gz&",
       false},
  };
  const Model model = load("resnet20", "resnet20-12fca82f.th");
  FeatureBank bank = FeatureBank::open_or_create(folder_ / "bank");
  EXPECT_EQ(distance(model.head_weight(), read_npy(golden + "head_weight.npy")), 0.0);
  EXPECT_EQ(distance(model.head_bias(), read_npy(golden + "head_bias.npy")), 0.0);
  for (const Split& split : splits) {
    const std::string files = golden + split.name;
    const std::string spec = split.data + "index=" + files + "_index.npy";
    const std::string name = "golden/" + split.name;
    extract(model, *open_dataset(spec), spec, bank, name);
    EXPECT_LT(distance(bank.array(name, "features"), read_npy(files + "_features.npy")), 1e-4)
        << name;
    EXPECT_LT(distance(bank.array(name, "logits"), read_npy(files + "_logits.npy")), 1e-4) << name;
    const auto equal = [&](const char* array) {
      return std::ranges::equal(bank.array(name, array).as<std::int64_t>(),
                                read_npy(files + "_" + array + ".npy").as<std::int64_t>());
    };
    EXPECT_TRUE(equal("index")) << name;
    EXPECT_EQ(equal("labels"), split.labelled) << name;
  }
}

TEST_F(GoldenTest, ResNet20HasItsPublishedAccuracy) {
  EXPECT_NEAR(accuracy("resnet20", "resnet20-12fca82f.th", 10000), 0.9173, 1e-4 + 1e-9);
}

// All 10,000 pictures give 0.9263, 0.9310 and 0.9339; these are the shares of the first 500.
TEST_F(GoldenTest, DeeperOnesHaveTheirAccuracy) {
  EXPECT_NEAR(accuracy("resnet32", "resnet32-d509ac18.th", 500), 0.936, 0.002 + 1e-9);
  EXPECT_NEAR(accuracy("resnet44", "resnet44-014dd654.th", 500), 0.936, 0.002 + 1e-9);
  EXPECT_NEAR(accuracy("resnet56", "resnet56-4bfd9763.th", 500), 0.932, 0.002 + 1e-9);
}

/// Photos of which the largest logit is the right one; the i-th of the 100 has class 10 i.
std::size_t right_photos(const Model& model, const std::string& folder, FeatureBank& bank,
                         const std::string& split) {
  extract(model, *open_dataset("files:" + folder), folder, bank, split);
  const Array logits = bank.array(split, "logits");
  std::size_t right = 0;
  for (std::size_t i = 0; i < logits.rows(); ++i) {
    const auto row = logits.as<float>().subspan(i * logits.cols(), logits.cols());
    right += static_cast<std::size_t>(std::ranges::max_element(row) - row.begin()) == 10 * i;
  }
  return right;
}

// Published: 55.6 % of 1,000 pictures; these counts are those of PyTorch with Pillow's pixels.
TEST_F(GoldenTest, SqueezeNetKnowsThePhotosItDoesInPython) {
  const std::string photos = data_ + "/imagenet-sample";
  const auto count = [&](const std::string& options) {
    FeatureBank bank = FeatureBank::open_or_create(folder_ / "bank" / (options + "x"));
    const Model model = load("squeezenet1_0", "squeezenet1.0_dc.safetensors" + options);
    const std::size_t right = right_photos(model, photos, bank, "photos/test");
    EXPECT_FALSE(bank.head());  // ReLU stands behind the last layer
    EXPECT_EQ(bank.rows("photos/test"), 100u);
    EXPECT_EQ(bank.paths("photos/test").size(), 100u);
    return static_cast<double>(right);
  };
  EXPECT_NEAR(count(""), 65, 1);
  EXPECT_NEAR(count("?short_side=256"), 61, 1);
}

}  // namespace
}  // namespace nescio
