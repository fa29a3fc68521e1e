// The ResNets for 32 x 32 pictures: 6n + 2 layers, three stages of n blocks, 16, 32 and 64
// channels.
//
// Paper  He et al., Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385,
//        section 4.2; shortcuts are those of option A: every second pixel, new channels zero.
// Names  those of akamaster/pytorch_resnet_cifar10.
#include <torch/nn/modules/container/modulelist.h>

#include "base/text.h"
#include "nn/layers.h"
#include "nn/network_info.h"
#include "nn/staged_network.h"

namespace nescio::nn {
namespace {

namespace tn = torch::nn;

class CifarBlock final : public tn::Module {
 public:
  CifarBlock(std::int64_t in, std::int64_t out, std::int64_t stride)
      : conv1_(register_module("conv1", conv(in, out, 3, stride))),
        bn1_(register_module("bn1", tn::BatchNorm2d(out))),
        conv2_(register_module("conv2", conv(out, out, 3))),
        bn2_(register_module("bn2", tn::BatchNorm2d(out))),
        stride_(stride),
        new_channels_(out - in) {}

  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor y = torch::relu(bn1_(conv1_(x)));
    return torch::relu(bn2_(conv2_(y)) + shortcut(x));
  }

 private:
  torch::Tensor shortcut(const torch::Tensor& x) const {
    if (stride_ == 1 && new_channels_ == 0) return x;
    using torch::indexing::None;
    using torch::indexing::Slice;
    const torch::Tensor thinned =
        x.index({Slice(), Slice(), Slice(None, None, stride_), Slice(None, None, stride_)});
    const std::int64_t side = new_channels_ / 2;
    return torch::constant_pad_nd(thinned, {0, 0, 0, 0, side, side});
  }

  tn::Conv2d conv1_;
  tn::BatchNorm2d bn1_;
  tn::Conv2d conv2_;
  tn::BatchNorm2d bn2_;
  std::int64_t stride_;
  std::int64_t new_channels_;
};

class CifarResNet final : public StagedNetwork {
 public:
  CifarResNet(std::int64_t blocks, std::int64_t classes)
      : conv1_(register_module("conv1", conv(3, 16, 3))),
        bn1_(register_module("bn1", tn::BatchNorm2d(16))),
        layer1_(register_module("layer1", group(blocks, 16, 16, 1))),
        layer2_(register_module("layer2", group(blocks, 16, 32, 2))),
        layer3_(register_module("layer3", group(blocks, 32, 64, 2))),
        linear_(register_module("linear", tn::Linear(64, classes))) {
    he_start(*this, torch::kFanIn);
    tn::init::kaiming_normal_(linear_->weight);
  }

  /// The first convolution and three groups of blocks.
  std::int64_t stages() const override { return 4; }
  std::string stage_name(std::int64_t i) const override {
    return i == 0 ? "conv1" : text("layer", i);
  }

  NetworkOutputs finish(const torch::Tensor& x) override {
    const torch::Tensor features = x.mean({2, 3});
    return {linear_(features), features};
  }

 private:
  torch::Tensor stage(std::int64_t i, const torch::Tensor& x) override {
    if (i == 0) return torch::relu(bn1_(conv1_(x)));
    torch::Tensor y = x;
    const tn::ModuleList layers[] = {layer1_, layer2_, layer3_};
    for (const auto& block : *layers[i - 1]) y = block->as<CifarBlock>()->forward(y);
    return y;
  }

  static tn::ModuleList group(std::int64_t blocks, std::int64_t in, std::int64_t out,
                              std::int64_t stride) {
    tn::ModuleList list;
    list->push_back(CifarBlock(in, out, stride));
    for (std::int64_t i = 1; i < blocks; ++i) list->push_back(CifarBlock(out, out, 1));
    return list;
  }

  tn::Conv2d conv1_;
  tn::BatchNorm2d bn1_;
  tn::ModuleList layer1_, layer2_, layer3_;
  tn::Linear linear_;
};

class CifarResNetDesign final : public Design {
 public:
  explicit CifarResNetDesign(std::int64_t layers) : depth(layers) {}
  std::int64_t depth;

  std::shared_ptr<Network> make(std::int64_t classes) const override {
    return std::make_shared<CifarResNet>((depth - 2) / 6, classes);
  }
};

image::Preprocessing input_of_cifar_resnets() {
  image::Preprocessing p{.height = 32, .width = 32};
  p.mean = {0.485, 0.456, 0.406};
  p.std = {0.229, 0.224, 0.225};
  return p;
}

NetworkInfo resnet(std::int64_t depth, const std::string& weights) {
  return describe_network(
      {.name = text("resnet", depth),
       .summary = text("ResNet-", depth, " for 32 x 32 pictures, shortcuts without parameters"),
       .paper = "He et al., Deep Residual Learning for Image Recognition, CVPR 2016, "
                "arXiv:1512.03385",
       .weights = weights,
       .classes = 10,
       .preprocessing = input_of_cifar_resnets(),
       .head = "linear"},
      CifarResNetDesign(depth));
}

NetworkInfo published(std::int64_t depth, const std::string& file) {
  return resnet(depth, file + " of github.com/akamaster/pytorch_resnet_cifar10 (CIFAR-10)");
}

}  // namespace

namespace networks {
NetworkInfo resnet8() { return resnet(8, "none are published; `nescio train` makes them"); }
NetworkInfo resnet14() { return resnet(14, "none are published; `nescio train` makes them"); }
NetworkInfo resnet20() { return published(20, "resnet20-12fca82f.th"); }
NetworkInfo resnet32() { return published(32, "resnet32-d509ac18.th"); }
NetworkInfo resnet44() { return published(44, "resnet44-014dd654.th"); }
NetworkInfo resnet56() { return published(56, "resnet56-4bfd9763.th"); }
}  // namespace networks
}  // namespace nescio::nn
