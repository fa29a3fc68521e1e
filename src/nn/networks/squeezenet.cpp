// SqueezeNet: AlexNet's accuracy with a fiftieth of its parameters.
//
// Paper  Iandola et al., SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and < 0.5 MB
//        model size, 2016, arXiv:1602.07360, table 1 (version 1.0, without bypass).
// Names  those of torchvision; weights with the names of the Caffe model are renamed.
#include <array>

#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/pooling.h>

#include "base/text.h"
#include "nn/adapters.h"
#include "nn/layers.h"
#include "nn/staged_network.h"

namespace nescio::nn {
namespace {

namespace tn = torch::nn;

/// Few channels squeezed out of many, then expanded side by side by 1 x 1 and 3 x 3 convolutions.
class Fire final : public tn::Module {
 public:
  Fire(std::int64_t in, std::int64_t squeezed, std::int64_t each)
      : squeeze_(register_module("squeeze", tn::Conv2d(tn::Conv2dOptions(in, squeezed, 1)))),
        expand1x1_(register_module("expand1x1", tn::Conv2d(tn::Conv2dOptions(squeezed, each, 1)))),
        expand3x3_(register_module("expand3x3",
                                   tn::Conv2d(tn::Conv2dOptions(squeezed, each, 3).padding(1)))) {}

  torch::Tensor forward(const torch::Tensor& x) {
    const torch::Tensor few = squeeze_(x).relu_();
    return torch::cat({expand1x1_(few), expand3x3_(few)}, 1).relu_();
  }

 private:
  tn::Conv2d squeeze_, expand1x1_, expand3x3_;
};

tn::MaxPool2d pool() { return tn::MaxPool2d(tn::MaxPool2dOptions(3).stride(2).ceil_mode(true)); }

class SqueezeNet final : public StagedNetwork {
 public:
  explicit SqueezeNet(std::int64_t classes)
      : features_(register_module(
            "features",
            tn::Sequential(tn::Conv2d(tn::Conv2dOptions(3, 96, 7).stride(2)), tn::ReLU(), pool(),
                           Fire(96, 16, 64), Fire(128, 16, 64), Fire(128, 32, 128), pool(),
                           Fire(256, 32, 128), Fire(256, 48, 192), Fire(384, 48, 192),
                           Fire(384, 64, 256), pool(), Fire(512, 64, 256)))),
        classifier_(register_module(
            "classifier",
            tn::Sequential(tn::Dropout(0.5), tn::Conv2d(tn::Conv2dOptions(512, classes, 1))))) {
    he_start(*this, torch::kFanIn);
    tn::init::normal_(classifier_->ptr(1)->as<tn::Conv2d>()->weight, 0, 0.01);
  }

  /// From one pooling to the next.
  std::int64_t stages() const override { return static_cast<std::int64_t>(ends.size()); }
  std::string stage_name(std::int64_t i) const override {
    return text("features.", ends[static_cast<std::size_t>(i)]);
  }

  NetworkOutputs finish(const torch::Tensor& x) override {
    return {classifier_->forward(x).relu_().mean({2, 3}), x.mean({2, 3})};
  }

 private:
  static constexpr std::array<std::size_t, 4> ends = {2, 6, 11,
                                                      12};  // the last layer of each stage

  torch::Tensor stage(std::int64_t i, const torch::Tensor& x) override {
    const auto at = static_cast<std::size_t>(i);
    torch::Tensor y = x;
    for (std::size_t layer = at == 0 ? 0 : ends[at - 1] + 1; layer <= ends[at]; ++layer) {
      y = (features_->begin() + static_cast<std::ptrdiff_t>(layer))->forward(y);
    }
    return y;
  }

  tn::Sequential features_;
  tn::Sequential classifier_;
};

/// The Caffe model numbers its fire modules from 2, torchvision every layer.
std::vector<Renaming> caffe_names() {
  std::vector<Renaming> names = {{"conv1.", "features.0."}, {"conv_final.", "classifier.1."}};
  int fire = 2;
  for (const int layer : {3, 4, 5, 7, 8, 9, 10, 12}) {
    const std::string from = text("fire", fire++, "/conv");
    const std::string to = text("features.", layer, ".");
    names.push_back({from + "1x1_1.", to + "squeeze."});
    names.push_back({from + "1x1_2.", to + "expand1x1."});
    names.push_back({from + "3x3_2.", to + "expand3x3."});
  }
  return names;
}

class SqueezeNetDesign final : public Design {
 public:
  std::shared_ptr<Network> make(std::int64_t classes) const override {
    return std::make_shared<SqueezeNet>(classes);
  }
};

}  // namespace

namespace networks {
NetworkInfo squeezenet1_0() {
  return describe_network(
      {
          .name = "squeezenet1_0",
          .summary = "SqueezeNet 1.0 for pictures of about 224 x 224, as torchvision has it",
          .paper =
              "Iandola et al., SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and "
              "<0.5MB model size, arXiv:1602.07360",
          .weights = "squeezenet1_0-b66bff10.pth of torchvision (ImageNet-1k)",
          .classes = 1000,
          .preprocessing = image::imagenet_preprocessing(),
          .min_side = 21,
          .head = "classifier.1",
          .linear_head = false,
          .also_reads = {{.source =
                              "Caffe's names (github.com/songhan/SqueezeNet-Deep-Compression)",
                          .read = renaming(caffe_names()),
                          .preprocessing = {.height = 227,
                                            .width = 227,
                                            .channels = "bgr",
                                            .mean = {104 / 255.0, 117 / 255.0, 123 / 255.0},
                                            .std = {1 / 255.0, 1 / 255.0, 1 / 255.0}}}},
      },
      SqueezeNetDesign());
}
}  // namespace networks
}  // namespace nescio::nn
