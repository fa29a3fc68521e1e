// The small network of Outlier Exposure's MNIST experiments: two convolutions, two linear layers,
// one grey channel.
//
// Paper  Hendrycks, Mazeika, Dietterich, Deep Anomaly Detection with Outlier Exposure, ICLR 2019,
//        arXiv:1812.04606.
// Names  those of hendrycks/outlier-exposure. As there, GELU is its approximation x sigmoid(1.702 x)
//        and stands behind the pooling: it is not monotone, so the order matters.
#include "nn/model.h"
#include "nn/network.h"

namespace nescio::nn {
namespace {

namespace tn = torch::nn;

torch::Tensor quick_gelu(const torch::Tensor& x) { return x * torch::sigmoid(1.702 * x); }

class MnistConvNet final : public Network {
 public:
  explicit MnistConvNet(std::int64_t classes)
      : conv1_(register_module("conv1", tn::Conv2d(1, 10, 5))),
        conv2_(register_module("conv2", tn::Conv2d(10, 20, 5))),
        fc1_(register_module("fc1", tn::Linear(320, 50))),
        fc2_(register_module("fc2", tn::Linear(50, classes))) {}

  NetworkOutputs forward(const torch::Tensor& images) override {
    torch::Tensor x = quick_gelu(torch::max_pool2d(conv1_(images), 2));
    x = torch::feature_dropout(conv2_(x), 0.5, is_training());
    x = quick_gelu(torch::max_pool2d(x, 2));
    const torch::Tensor features = quick_gelu(fc1_(x.flatten(1)));
    return {fc2_(features), features};
  }

 private:
  tn::Conv2d conv1_, conv2_;
  tn::Linear fc1_, fc2_;
};

}  // namespace

namespace networks {
NetworkInfo mnist_convnet() {
  return {.name = "mnist_convnet",
          .summary = "Two convolutions and two linear layers for 28 x 28 grey pictures",
          .paper =
              "Hendrycks, Mazeika, Dietterich, Deep Anomaly Detection with Outlier Exposure, "
              "ICLR 2019, arXiv:1812.04606",
          .weights = "MNIST/snapshots/*/*.pt of github.com/hendrycks/outlier-exposure (MNIST)",
          .classes = 10,
          .preprocessing = {.height = 28, .width = 28, .channels = "grey", .mean = {0}, .std = {1}},
          .min_side = 28,
          .max_side = 31,
          .head = "fc2",
          .make = [](std::int64_t classes) -> std::shared_ptr<Network> {
            return std::make_shared<MnistConvNet>(classes);
          }};
}
}  // namespace networks
}  // namespace nescio::nn
