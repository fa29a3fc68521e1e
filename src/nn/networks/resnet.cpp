// ResNets with four stages: those of ImageNet, and the 18 layers for 32 x 32 pictures.
//
// Paper  He et al., Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385,
//        table 1 and section 3.3, shortcuts of option B: a 1 x 1 convolution where shapes change.
//        As in torchvision a bottleneck takes its stride in the 3 x 3 convolution, not in the first.
// Names  those of torchvision; of OpenOOD for 32 x 32.
#include <array>
#include <vector>

#include "base/text.h"
#include "nn/layers.h"
#include "nn/network_info.h"
#include "nn/staged_network.h"

namespace nescio::nn {
namespace {

namespace tn = torch::nn;

/// What differs between the members of the family.
class ResNetDesign final : public Design {
 public:
  ResNetDesign(std::array<std::int64_t, 4> of_each_stage, bool is_bottleneck,
               bool has_small_input = false)
      : blocks(of_each_stage), bottleneck(is_bottleneck), small_input(has_small_input) {}

  std::array<std::int64_t, 4> blocks;
  bool bottleneck;   // three convolutions in a block, the last one 4 times as wide
  bool small_input;  // OpenOOD's: begins with a 3 x 3 convolution, without pooling

  std::int64_t expansion() const { return bottleneck ? 4 : 1; }
  const char* shortcut() const { return small_input ? "shortcut" : "downsample"; }
  std::shared_ptr<Network> make(std::int64_t classes) const override;
};

class ResNetBlock final : public tn::Module {
 public:
  ResNetBlock(const ResNetDesign& design, std::int64_t in, std::int64_t width,
              std::int64_t stride) {
    const std::int64_t out = width * design.expansion();
    if (design.bottleneck) {
      add(in, width, 1, 1);
      add(width, width, 3, stride);
      add(width, out, 1, 1);
    } else {
      add(in, width, 3, stride);
      add(width, out, 3, 1);
    }
    if (stride != 1 || in != out) {
      shortcut_ = register_module(design.shortcut(),
                                  tn::Sequential(conv(in, out, 1, stride), tn::BatchNorm2d(out)));
    }
  }

  torch::Tensor forward(const torch::Tensor& x) {
    torch::Tensor y = x;
    for (std::size_t i = 0; i < convs_.size(); ++i) {
      if (i > 0) y.relu_();
      y = norms_[i](convs_[i](y));
    }
    return y.add_(shortcut_.is_empty() ? x : shortcut_->forward(x)).relu_();
  }

 private:
  void add(std::int64_t in, std::int64_t out, std::int64_t side, std::int64_t stride) {
    const std::size_t number = convs_.size() + 1;
    convs_.push_back(register_module(text("conv", number), conv(in, out, side, stride)));
    norms_.push_back(register_module(text("bn", number), tn::BatchNorm2d(out)));
  }

  std::vector<tn::Conv2d> convs_;
  std::vector<tn::BatchNorm2d> norms_;
  tn::Sequential shortcut_{nullptr};
};

class ResNet final : public StagedNetwork {
 public:
  ResNet(const ResNetDesign& design, std::int64_t classes)
      : conv1_(register_module("conv1", design.small_input ? conv(3, 64, 3) : conv(3, 64, 7, 2))),
        bn1_(register_module("bn1", tn::BatchNorm2d(64))),
        pool_(!design.small_input) {
    std::int64_t in = 64;
    for (std::size_t i = 0; i < design.blocks.size(); ++i) {
      const std::int64_t width = std::int64_t{64} << i;
      tn::Sequential group;
      for (std::int64_t block = 0; block < design.blocks[i]; ++block) {
        group->push_back(ResNetBlock(design, in, width, i > 0 && block == 0 ? 2 : 1));
        in = width * design.expansion();
      }
      groups_.push_back(register_module(text("layer", i + 1), group));
    }
    fc_ = register_module("fc", tn::Linear(in, classes));
    // OpenOOD's file leaves everything as PyTorch starts it.
    if (!design.small_input) he_start(*this, torch::kFanOut);
  }

  /// The stem and the groups of blocks.
  std::int64_t stages() const override { return 1 + static_cast<std::int64_t>(groups_.size()); }
  std::string stage_name(std::int64_t i) const override {
    return i == 0 ? "conv1" : text("layer", i);
  }

  NetworkOutputs finish(const torch::Tensor& x) override {
    const torch::Tensor features = x.mean({2, 3});
    return {fc_(features), features};
  }

 private:
  torch::Tensor stage(std::int64_t i, const torch::Tensor& x) override {
    if (i > 0) return groups_[static_cast<std::size_t>(i - 1)]->forward(x);
    const torch::Tensor y = bn1_(conv1_(x)).relu_();
    return pool_ ? torch::max_pool2d(y, 3, 2, 1) : y;
  }

  tn::Conv2d conv1_;
  tn::BatchNorm2d bn1_;
  bool pool_;
  std::vector<tn::Sequential> groups_;
  tn::Linear fc_{nullptr};
};

std::shared_ptr<Network> ResNetDesign::make(std::int64_t classes) const {
  return std::make_shared<ResNet>(*this, classes);
}

NetworkInfo describe(const std::string& name, const ResNetDesign& design,
                     const std::string& summary, const std::string& weights, std::int64_t classes,
                     const image::Preprocessing& preprocessing) {
  return describe_network(
      {.name = name,
       .summary = summary,
       .paper = "He et al., Deep Residual Learning for Image Recognition, CVPR 2016, "
                "arXiv:1512.03385",
       .weights = weights,
       .classes = classes,
       .preprocessing = preprocessing,
       .head = "fc"},
      design);
}

NetworkInfo imagenet(std::int64_t depth, const ResNetDesign& design, const std::string& file) {
  return describe(text("resnet", depth), design,
                  text("ResNet-", depth, " for 224 x 224 pictures, as torchvision has it"),
                  text(file, " of torchvision (ImageNet-1k)"), 1000,
                  image::imagenet_preprocessing());
}

}  // namespace

namespace networks {
NetworkInfo resnet18() { return imagenet(18, {{2, 2, 2, 2}, false}, "resnet18-f37072fd.pth"); }
NetworkInfo resnet34() { return imagenet(34, {{3, 4, 6, 3}, false}, "resnet34-b627a593.pth"); }
NetworkInfo resnet50() { return imagenet(50, {{3, 4, 6, 3}, true}, "resnet50-0676ba61.pth"); }
NetworkInfo resnet101() { return imagenet(101, {{3, 4, 23, 3}, true}, "resnet101-63fe2227.pth"); }

NetworkInfo resnet18_32x32() {
  return describe("resnet18_32x32", {{2, 2, 2, 2}, false, true},
                  "ResNet-18 for 32 x 32 pictures, as OpenOOD has it",
                  "CIFAR-10 checkpoints of github.com/Jingkang50/OpenOOD", 10,
                  {.height = 32,
                   .width = 32,
                   .short_side = 32,
                   .mean = {0.4914, 0.4822, 0.4465},
                   .std = {0.2470, 0.2435, 0.2616}});
}
}  // namespace networks
}  // namespace nescio::nn
