// DenseNet-BC with 100 layers for 32 x 32 pictures: in each of three blocks a layer reads everything
// that the ones before it wrote and adds 12 channels; in between, channels and sides are halved.
//
// Paper  Huang et al., Densely Connected Convolutional Networks, CVPR 2017, arXiv:1608.06993.
// Names  those of andreasveit/densenet-pytorch, as in tmlr-group/Unleashing-Mask, whose batch
//        normalisation has neither scale nor shift.
#include "base/text.h"
#include "nn/layers.h"
#include "nn/network_info.h"
#include "nn/staged_network.h"

namespace nescio::nn {
namespace {

namespace tn = torch::nn;

constexpr std::int64_t growth = 12;
constexpr std::int64_t layers = 16;  // of a block, with two convolutions each

class DenseNetDesign final : public Design {
 public:
  bool affine = true;
  double dropout = 0;

  std::shared_ptr<Network> make(std::int64_t classes) const override;
};

class Layer final : public tn::Module {
 public:
  Layer(std::int64_t in, const DenseNetDesign& design)
      : dropout_(design.dropout),
        bn1_(register_module("bn1", norm(in, design.affine))),
        conv1_(register_module("conv1", conv(in, 4 * growth, 1))),
        bn2_(register_module("bn2", norm(4 * growth, design.affine))),
        conv2_(register_module("conv2", conv(4 * growth, growth, 3))) {}

  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = drop_out(*this, conv1_(bn1_(x).relu_()), dropout_);
    return torch::cat({x, drop_out(*this, conv2_(bn2_(y).relu_()), dropout_)}, 1);
  }

 private:
  double dropout_;
  tn::BatchNorm2d bn1_;
  tn::Conv2d conv1_;
  tn::BatchNorm2d bn2_;
  tn::Conv2d conv2_;
};

class Transition final : public tn::Module {
 public:
  Transition(std::int64_t in, const DenseNetDesign& design)
      : dropout_(design.dropout),
        bn1_(register_module("bn1", norm(in, design.affine))),
        conv1_(register_module("conv1", conv(in, in / 2, 1))) {}

  torch::Tensor forward(const torch::Tensor& x) {
    return torch::avg_pool2d(drop_out(*this, conv1_(bn1_(x).relu_()), dropout_), 2);
  }

 private:
  double dropout_;
  tn::BatchNorm2d bn1_;
  tn::Conv2d conv1_;
};

class DenseNet final : public StagedNetwork {
 public:
  DenseNet(const DenseNetDesign& design, std::int64_t classes)
      : conv1_(register_module("conv1", conv(3, 2 * growth, 3))) {
    std::int64_t channels = 2 * growth;
    for (int i = 1; i <= 3; ++i) {
      if (i > 1) {
        const auto transition = std::make_shared<Transition>(channels, design);
        transitions_.push_back(register_module(text("trans", i - 1), transition));
        channels /= 2;
      }
      const auto block = register_module(text("block", i), std::make_shared<tn::Module>());
      blocks_.push_back(block->register_module("layer", tn::Sequential()));
      for (std::int64_t layer = 0; layer < layers; ++layer, channels += growth) {
        blocks_.back()->push_back(Layer(channels, design));
      }
    }
    bn1_ = register_module("bn1", norm(channels, design.affine));
    fc_ = register_module("fc", tn::Linear(channels, classes));
    // As each of the two sources starts its form.
    he_start(*this, design.affine ? tn::init::FanModeType(torch::kFanOut) : torch::kFanIn);
    if (design.affine) tn::init::zeros_(fc_->bias);
  }

  /// The first convolution and three blocks, with the transition before each but the first.
  std::int64_t stages() const override { return 4; }
  std::string stage_name(std::int64_t i) const override {
    return i == 0 ? "conv1" : text("block", i);
  }

  NetworkOutputs finish(const torch::Tensor& x) override {
    const torch::Tensor features = bn1_(x).relu_().mean({2, 3});
    return {fc_(features), features};
  }

 private:
  torch::Tensor stage(std::int64_t i, const torch::Tensor& x) override {
    if (i == 0) return conv1_(x);
    const auto block = static_cast<std::size_t>(i - 1);
    return blocks_[block]->forward(block == 0 ? x : transitions_[block - 1]->forward(x));
  }

  tn::Conv2d conv1_;
  std::vector<tn::Sequential> blocks_;
  std::vector<std::shared_ptr<Transition>> transitions_;
  tn::BatchNorm2d bn1_{nullptr};
  tn::Linear fc_{nullptr};
};

std::shared_ptr<Network> DenseNetDesign::make(std::int64_t classes) const {
  return std::make_shared<DenseNet>(*this, classes);
}

image::Preprocessing input_of_densenets() {
  image::Preprocessing p{.height = 32, .width = 32};
  p.mean = {125.3 / 255, 123.0 / 255, 113.9 / 255};
  p.std = {63.0 / 255, 62.1 / 255, 66.7 / 255};
  return p;
}

NetworkInfo densenet(bool affine, const std::string& name, const std::string& normalisation,
                     const std::string& weights) {
  DenseNetDesign design;
  design.affine = affine;
  return describe_network(
      {.name = name,
       .summary = "DenseNet-BC of 100 layers, growth 12, for 32 x 32 pictures" + normalisation,
       .paper = "Huang, Liu, van der Maaten, Weinberger, Densely Connected Convolutional "
                "Networks, CVPR 2017, arXiv:1608.06993",
       .weights = weights,
       .classes = 10,
       .preprocessing = input_of_densenets(),
       .min_side = 4,
       .head = "fc"},
      design,
      {network_parameter(&DenseNetDesign::affine, affine_parameter()),
       network_parameter(&DenseNetDesign::dropout, dropout_parameter("behind each convolution"))});
}

}  // namespace

namespace networks {
NetworkInfo densenet_bc_100_12() {
  return densenet(true, "densenet_bc_100_12", "",
                  "any with the names of github.com/andreasveit/densenet-pytorch; `nescio train` "
                  "makes them");
}
NetworkInfo densenet_bc_100_12_nonaffine() {
  return densenet(false, "densenet_bc_100_12_nonaffine",
                  ", batch normalisation without scale and shift",
                  "pretrained_model.state of github.com/tmlr-group/Unleashing-Mask at 312c2c5 "
                  "(CIFAR-10)");
}
}  // namespace networks
}  // namespace nescio::nn
