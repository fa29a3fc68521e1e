// The small network of Outlier Exposure's MNIST experiments: two convolutions, two linear layers,
// one grey channel.
//
// Paper  Hendrycks, Mazeika, Dietterich, Deep Anomaly Detection with Outlier Exposure, ICLR 2019,
//        arXiv:1812.04606.
// Names  those of hendrycks/outlier-exposure. As there, GELU is its approximation x sigmoid(1.702 x)
//        and stands behind the pooling: it is not monotone, so the order matters.
#include "nn/layers.h"
#include "nn/network_info.h"
#include "nn/staged_network.h"

namespace nescio::nn {
namespace {

namespace tn = torch::nn;

torch::Tensor quick_gelu(const torch::Tensor& x) { return x * torch::sigmoid(1.702 * x); }

class MnistConvNet final : public StagedNetwork {
 public:
  explicit MnistConvNet(std::int64_t classes)
      : conv1_(register_module("conv1", tn::Conv2d(1, 10, 5))),
        conv2_(register_module("conv2", tn::Conv2d(10, 20, 5))),
        fc1_(register_module("fc1", tn::Linear(320, 50))),
        fc2_(register_module("fc2", tn::Linear(50, classes))) {}

  std::int64_t stages() const override { return 2; }
  std::string stage_name(std::int64_t i) const override { return i == 0 ? "conv1" : "conv2"; }

  NetworkOutputs finish(const torch::Tensor& x) override {
    const torch::Tensor features = quick_gelu(fc1_(x.flatten(1)));
    return {fc2_(features), features};
  }

 private:
  torch::Tensor stage(std::int64_t i, const torch::Tensor& x) override {
    const torch::Tensor y = i == 0 ? conv1_(x) : drop_channels(*this, conv2_(x), 0.5);
    return quick_gelu(torch::max_pool2d(y, 2));
  }

  tn::Conv2d conv1_, conv2_;
  tn::Linear fc1_, fc2_;
};

class MnistDesign final : public Design {
 public:
  std::shared_ptr<Network> make(std::int64_t classes) const override {
    return std::make_shared<MnistConvNet>(classes);
  }
};

image::Preprocessing input_of_mnist() {
  image::Preprocessing p{.height = 28, .width = 28, .channels = "grey"};
  p.mean = {0};
  p.std = {1};
  return p;
}

}  // namespace

namespace networks {
NetworkInfo mnist_convnet() {
  return describe_network(
      {.name = "mnist_convnet",
       .summary = "Two convolutions and two linear layers for 28 x 28 grey pictures",
       .paper = "Hendrycks, Mazeika, Dietterich, Deep Anomaly Detection with Outlier Exposure, "
                "ICLR 2019, arXiv:1812.04606",
       .weights = "MNIST/snapshots/*/*.pt of github.com/hendrycks/outlier-exposure (MNIST)",
       .classes = 10,
       .preprocessing = input_of_mnist(),
       .min_side = 28,
       .max_side = 31,
       .head = "fc2"},
      MnistDesign());
}
}  // namespace networks
}  // namespace nescio::nn
