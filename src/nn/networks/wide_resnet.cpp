// Wide ResNets: 6n + 4 layers in three groups of n blocks, `width` times the channels of the CIFAR
// ResNets; batch normalisation and ReLU stand before each convolution.
//
// Paper  Zagoruyko, Komodakis, Wide Residual Networks, BMVC 2016, arXiv:1605.07146; dropout 0.3
//        between the convolutions of a block, as there and for WRN-40-2 in Outlier Exposure.
// Names  those of xternalz/WideResNet-pytorch, as in hendrycks/outlier-exposure. There a shortcut
//        that changes the number of channels begins behind the first normalisation and ReLU.
#include "base/text.h"
#include "nn/layers.h"
#include "nn/network_info.h"
#include "nn/staged_network.h"

namespace nescio::nn {
namespace {

namespace tn = torch::nn;

class WideResNetDesign final : public Design {
 public:
  std::int64_t depth = 0, width = 0;
  double dropout = 0.3;
  bool affine = true;

  std::shared_ptr<Network> make(std::int64_t classes) const override;
};

class WideBlock final : public tn::Module {
 public:
  WideBlock(const WideResNetDesign& design, std::int64_t in, std::int64_t out, std::int64_t stride)
      : dropout_(design.dropout),
        bn1_(register_module("bn1", norm(in, design.affine))),
        conv1_(register_module("conv1", conv(in, out, 3, stride))),
        bn2_(register_module("bn2", norm(out, design.affine))),
        conv2_(register_module("conv2", conv(out, out, 3))) {
    if (in != out) shortcut_ = register_module("convShortcut", conv(in, out, 1, stride));
  }

  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor ready = bn1_(x).relu_();
    const torch::Tensor y = bn2_(conv1_(ready)).relu_();
    return conv2_(drop_out(*this, y, dropout_)).add_(shortcut_.is_empty() ? x : shortcut_(ready));
  }

 private:
  double dropout_;
  tn::BatchNorm2d bn1_;
  tn::Conv2d conv1_;
  tn::BatchNorm2d bn2_;
  tn::Conv2d conv2_;
  tn::Conv2d shortcut_{nullptr};
};

class WideResNet final : public StagedNetwork {
 public:
  WideResNet(const WideResNetDesign& design, std::int64_t classes)
      : conv1_(register_module("conv1", conv(3, 16, 3))) {
    std::int64_t in = 16;
    for (std::int64_t i = 0; i < 3; ++i) {
      const auto group = register_module(text("block", i + 1), std::make_shared<tn::Module>());
      groups_.push_back(group->register_module("layer", tn::Sequential()));
      const std::int64_t out = (16 * design.width) << i;
      for (std::int64_t block = 0; block < (design.depth - 4) / 6; ++block, in = out) {
        groups_.back()->push_back(WideBlock(design, in, out, i > 0 && block == 0 ? 2 : 1));
      }
    }
    bn1_ = register_module("bn1", norm(in, design.affine));
    fc_ = register_module("fc", tn::Linear(in, classes));
    he_start(*this, torch::kFanOut);
    tn::init::zeros_(fc_->bias);
  }

  /// The first convolution and three groups of blocks.
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
    return i == 0 ? conv1_(x) : groups_[static_cast<std::size_t>(i - 1)]->forward(x);
  }

  tn::Conv2d conv1_;
  std::vector<tn::Sequential> groups_;
  tn::BatchNorm2d bn1_{nullptr};
  tn::Linear fc_{nullptr};
};

std::shared_ptr<Network> WideResNetDesign::make(std::int64_t classes) const {
  return std::make_shared<WideResNet>(*this, classes);
}

image::Preprocessing input_of_wide_resnets() {
  image::Preprocessing p{.height = 32, .width = 32};
  p.mean = {125.3 / 255, 123.0 / 255, 113.9 / 255};
  p.std = {63.0 / 255, 62.1 / 255, 66.7 / 255};
  return p;
}

NetworkInfo wrn(std::int64_t depth, std::int64_t width) {
  WideResNetDesign design;
  design.depth = depth;
  design.width = width;
  return describe_network(
      {.name = text("wrn_", depth, "_", width),
       .summary = text("Wide ResNet of ", depth, " layers for 32 x 32 pictures, ", width,
                       " times as wide as a CIFAR ResNet"),
       .paper = "Zagoruyko, Komodakis, Wide Residual Networks, BMVC 2016, arXiv:1605.07146",
       .weights = "any with the names of github.com/xternalz/WideResNet-pytorch or "
                  "github.com/hendrycks/outlier-exposure; `nescio train` makes them",
       .classes = 10,
       .preprocessing = input_of_wide_resnets(),
       .head = "fc"},
      design,
      {network_parameter(&WideResNetDesign::dropout,
                         dropout_parameter("between the convolutions of a block")),
       network_parameter(&WideResNetDesign::affine, affine_parameter())});
}

}  // namespace

namespace networks {
NetworkInfo wrn_28_10() { return wrn(28, 10); }
NetworkInfo wrn_40_2() { return wrn(40, 2); }
NetworkInfo wrn_40_4() { return wrn(40, 4); }
}  // namespace networks
}  // namespace nescio::nn
