#include "nn/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "io/safetensors.h"
#include "io/test_folder.h"
#include "nn/test_device.h"
#include "nn/test_weights.h"

namespace nescio::nn {
namespace {

using testing::HasSubstr;
using Weights = std::map<std::string, Array>;

/// The network as the paper and the published code describe it: plain loops, double precision.
class ReferenceResNet {
 public:
  explicit ReferenceResNet(const Weights& weights) : weights_(weights) {}

  /// {logits, features} of one picture [3, 32, 32].
  std::pair<std::vector<double>, std::vector<double>> run(std::span<const float> image) const {
    Planes x{3, 32, {image.begin(), image.end()}};
    x = relu(norm("bn1", conv("conv1", x, 1)));
    for (int layer = 1; layer <= 3; ++layer) {
      for (int block = 0; block < 3; ++block) {
        const std::string name = text("layer", layer, ".", block, ".");
        const std::size_t stride = layer > 1 && block == 0 ? 2 : 1;
        Planes y = relu(norm(name + "bn1", conv(name + "conv1", x, stride)));
        y = norm(name + "bn2", conv(name + "conv2", y, 1));
        if (stride == 2) x = option_a(x);
        for (std::size_t i = 0; i < y.values.size(); ++i) y.values[i] += x.values[i];
        x = relu(y);
      }
    }
    std::vector<double> features(x.channels);
    const std::size_t plane = x.side * x.side;
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      features[i / plane] += x.values[i] / static_cast<double>(plane);
    }
    const auto weight = values("linear.weight");
    const auto bias = values("linear.bias");
    std::vector<double> logits(bias.begin(), bias.end());
    for (std::size_t c = 0; c < logits.size(); ++c) {
      for (std::size_t d = 0; d < features.size(); ++d) {
        logits[c] += weight[c * features.size() + d] * features[d];
      }
    }
    return {logits, features};
  }

 private:
  struct Planes {
    std::size_t channels, side;
    std::vector<double> values;
    double at(std::size_t c, std::size_t y, std::size_t x) const {
      return values[(c * side + y) * side + x];
    }
  };

  std::span<const float> values(const std::string& name) const {
    return weights_.at(name).as<float>();
  }

  Planes conv(const std::string& name, const Planes& in, std::size_t stride) const {
    const auto kernel = values(name + ".weight");
    const std::size_t out_channels = weights_.at(name + ".weight").rows();
    Planes out{out_channels, in.side / stride, {}};
    for (std::size_t o = 0; o < out.channels; ++o) {
      for (std::size_t y = 0; y < out.side; ++y) {
        for (std::size_t x = 0; x < out.side; ++x) {
          double sum = 0;
          for (std::size_t c = 0; c < in.channels; ++c) {
            for (std::size_t ky = 0; ky < 3; ++ky) {
              for (std::size_t kx = 0; kx < 3; ++kx) {
                const std::size_t sy = y * stride + ky, sx = x * stride + kx;  // padded by one
                if (sy == 0 || sx == 0 || sy > in.side || sx > in.side) continue;
                sum += kernel[((o * in.channels + c) * 3 + ky) * 3 + kx] * in.at(c, sy - 1, sx - 1);
              }
            }
          }
          out.values.push_back(sum);
        }
      }
    }
    return out;
  }

  Planes norm(const std::string& name, Planes x) const {
    for (std::size_t i = 0; i < x.values.size(); ++i) {
      const std::size_t c = i / (x.side * x.side);
      const double scale = values(name + ".weight")[c] /
                           std::sqrt(static_cast<double>(values(name + ".running_var")[c]) + 1e-5);
      x.values[i] =
          (x.values[i] - values(name + ".running_mean")[c]) * scale + values(name + ".bias")[c];
    }
    return x;
  }

  static Planes relu(Planes x) {
    for (double& value : x.values) value = std::max(value, 0.0);
    return x;
  }

  /// Section 3.3, option A: every second pixel; the new channels, half before and half behind the
  /// old ones, are zero.
  static Planes option_a(const Planes& in) {
    Planes out{2 * in.channels, in.side / 2, {}};
    out.values.resize(out.channels * out.side * out.side);
    for (std::size_t c = 0; c < in.channels; ++c) {
      for (std::size_t y = 0; y < out.side; ++y) {
        for (std::size_t x = 0; x < out.side; ++x) {
          out.values[((c + in.channels / 2) * out.side + y) * out.side + x] =
              in.at(c, 2 * y, 2 * x);
        }
      }
    }
    return out;
  }

  const Weights& weights_;
};

constexpr std::size_t picture = 3 * 32 * 32;

class ModelTest : public testing::Test {
 protected:
  std::string save(const Weights& weights) const {
    io::write_safetensors(folder_ / "w.safetensors", weights);
    return text("resnet20:", (folder_ / "w.safetensors").string());
  }
  static std::string fault(const std::string& spec, const std::string& device = "cpu") {
    return io::error_of([&] { Model::load(spec, device); });
  }
  io::TestFolder folder_;
};

TEST_F(ModelTest, ComputesWhatThePaperSays) {
  const Weights weights = made_up_resnet20(7, 1);
  const Model model = Model::load(save(weights), "cpu");
  EXPECT_EQ(model.classes(), 7u);
  EXPECT_EQ(model.feature_width(), 64u);
  EXPECT_EQ(model.device(), "cpu");
  const std::vector<float> images = made_up_numbers(2 * picture, 5);
  const runtime::BackboneOutputs outputs = model.forward(images);
  ASSERT_EQ(outputs.logits.shape(), (Shape{2, 7}));
  ASSERT_EQ(outputs.features.shape(), (Shape{2, 64}));
  const auto [logits, features] = ReferenceResNet(weights).run(std::span(images).subspan(picture));
  for (std::size_t c = 0; c < 7; ++c) {
    EXPECT_NEAR(outputs.logits.as<float>()[7 + c], logits[c], 1e-4 * (1 + std::abs(logits[c])));
  }
  for (std::size_t d = 0; d < 64; ++d) {
    EXPECT_NEAR(outputs.features.as<float>()[64 + d], features[d], 1e-4 * (1 + features[d]));
  }
}

TEST_F(ModelTest, ComputesInFewerDigitsWhereThatIsAskedFor) {
  const std::string spec = save(made_up_resnet20(7, 1));
  const std::vector<float> images = made_up_numbers(2 * picture, 5);
  const Model exact = Model::load(spec, test_device());
  const Model rough = Model::load(spec + "?precision=bfloat16", test_device());
  const auto expected = exact.forward(images).logits, found = rough.forward(images).logits;
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < 14; ++i) {
    const double value = expected.as<float>()[i];
    largest = std::max(largest, std::abs(value));
    difference = std::max(difference, std::abs(value - static_cast<double>(found.as<float>()[i])));
  }
  EXPECT_GT(difference, 1e-6 * largest);
  EXPECT_LT(difference, 0.05 * largest);
  // Its arrays are no others', and those of float32 are whose they were.
  EXPECT_EQ(rough.identity().at("precision"), "bfloat16");
  EXPECT_FALSE(exact.identity().contains("precision"));
  EXPECT_THAT(fault(spec + "?precision=tf32", "cpu"), HasSubstr("precision=tf32 is one of GPUs"));
  EXPECT_THAT(fault(spec + "?precision=half"), HasSubstr("bfloat16"));
  EXPECT_THAT(fault(spec + "?cuda_graphs=true", "cpu"), HasSubstr("the device is cpu"));
}

TEST_F(ModelTest, SaysTheSameOfABatchWheneverItComes) {
  const std::string graphs = test_device() == "cpu" ? "" : "?cuda_graphs=true";
  const Model model = Model::load(save(made_up_resnet20(7, 1)) + graphs, test_device());
  std::map<std::uint32_t, runtime::BackboneOutputs> first;
  // A GPU records the second batch of a size and plays it from then on.
  for (const std::uint32_t seed : {1U, 2U, 3U, 2U, 1U, 3U, 1U}) {
    const auto said = model.forward(made_up_numbers(4 * picture, seed));
    const auto known = first.emplace(seed, said).first->second;
    EXPECT_TRUE(std::ranges::equal(said.logits.as<float>(), known.logits.as<float>())) << seed;
    EXPECT_TRUE(std::ranges::equal(said.features.as<float>(), known.features.as<float>())) << seed;
    if (seed == 3) {
      EXPECT_EQ(model.forward(made_up_numbers(picture, 9)).logits.rows(), 1u);
    }
  }
}

TEST_F(ModelTest, GivesItsParametersByTheirNames) {
  const Weights weights = made_up_resnet20(10, 2);
  const Model model = Model::load(save(weights), "cpu");
  const Weights parameters = model.parameters();
  for (const auto& [name, array] : weights) {
    ASSERT_TRUE(parameters.contains(name)) << name;
    EXPECT_TRUE(std::ranges::equal(parameters.at(name).as<float>(), array.as<float>())) << name;
  }
  EXPECT_TRUE(parameters.contains("bn1.num_batches_tracked"));
  EXPECT_EQ(model.head()->weight.shape(), (Shape{10, 64}));
  EXPECT_EQ(model.head()->bias.as<float>()[3], weights.at("linear.bias").as<float>()[3]);
}

TEST_F(ModelTest, RowsDoNotDependOnTheirNeighbours) {
  const Model model = Model::load(save(made_up_resnet20(10, 3)), "cpu");
  std::vector<float> images = made_up_numbers(4 * picture, 6);
  const runtime::BackboneOutputs first = model.forward(images);
  std::fill(images.begin() + picture, images.end(), 0.0f);
  const runtime::BackboneOutputs second = model.forward(images);
  for (std::size_t d = 0; d < 64; ++d) {
    EXPECT_EQ(first.features.as<float>()[d], second.features.as<float>()[d]) << d;
  }
}

TEST_F(ModelTest, RefusesWeightsOfAnotherNetwork) {
  Weights weights = made_up_resnet20(10, 4);
  weights.emplace("extra", Array({2}, std::vector<float>{1, 2}));
  weights.erase("layer3.2.bn2.bias");
  weights.at("conv1.weight") = Array({1}, std::vector<float>{1});
  const std::string message = fault(save(weights));
  EXPECT_THAT(message, HasSubstr("extra [2]"));
  EXPECT_THAT(message, HasSubstr("layer3.2.bn2.bias [64]"));
  EXPECT_THAT(message, HasSubstr("conv1.weight: expected [16, 3, 3, 3], found [1]"));

  weights = made_up_resnet20(10, 4);
  weights.erase("linear.weight");
  EXPECT_THAT(fault(save(weights)), HasSubstr("linear.weight [10, 64]"));
}

TEST_F(ModelTest, SaysWhatIsWrongWithASpecOrADevice) {
  EXPECT_THAT(fault("resnet20"), HasSubstr("expected the weights as resnet20:PATH"));
  EXPECT_THAT(fault("resnet20:"), HasSubstr("expected the weights as resnet20:PATH"));
  EXPECT_THAT(fault("resnet21:x"), HasSubstr("Did you mean 'resnet20'"));
  EXPECT_THAT(fault("resnet20:/nonexistent.th"), HasSubstr("/nonexistent.th"));
  EXPECT_THAT(fault("resnet20:x", "gpu"), HasSubstr("expected auto, cpu, cuda or cuda:N"));
  EXPECT_THAT(fault("resnet20:x", "cuda:999"), HasSubstr("not there"));
  EXPECT_NE(fault("resnet20:x", "cuda:one"), "");
}

TEST_F(ModelTest, RefusesImagesOfAnotherSize) {
  const Model model = Model::load(save(made_up_resnet20(10, 5)), "cpu");
  EXPECT_THAT(io::error_of([&] { model.forward(std::vector<float>(picture - 1)); }),
              HasSubstr("expected B x 3 x 32 x 32"));
  EXPECT_NE(io::error_of([&] { model.forward({}); }), "");
}

TEST_F(ModelTest, OptionsChangeThePreprocessing) {
  const std::string spec = save(made_up_resnet20(10, 6));
  EXPECT_EQ(Model::load(spec, "cpu").preprocessing().height, 32u);
  const Model model = Model::load(
      spec + "?size=48&short_side=64&resize=bicubic&channels=bgr&mean=0.5,0.25,0&std=1,2,0.5",
      "cpu");
  const image::Preprocessing& p = model.preprocessing();
  EXPECT_EQ(p.height, 48u);
  EXPECT_EQ(p.width, 48u);
  EXPECT_EQ(p.short_side, 64u);
  EXPECT_EQ(p.resize, "bicubic");
  EXPECT_EQ(p.channels, "bgr");
  EXPECT_EQ(p.mean, (std::vector{0.5, 0.25, 0.0}));
  EXPECT_EQ(p.std, (std::vector{1.0, 2.0, 0.5}));
  EXPECT_EQ(model.forward(std::vector<float>(2 * 3 * 48 * 48)).logits.shape(), (Shape{2, 10}));
  EXPECT_NE(io::error_of([&] { model.forward(std::vector<float>(picture)); }), "");
}

TEST_F(ModelTest, RefusesOptionsThatMakeNoSense) {
  const std::string spec = save(made_up_resnet20(10, 7));
  EXPECT_THAT(fault(spec + "?shortside=3"), HasSubstr("Did you mean 'short_side'"));
  EXPECT_THAT(fault(spec + "?size"), HasSubstr("expected key=value"));
  EXPECT_THAT(fault(spec + "?size=0"), HasSubstr("[1, 8192]"));
  EXPECT_THAT(fault(spec + "?size=64&short_side=48"), HasSubstr("short_side"));
  EXPECT_THAT(fault(spec + "?resize=cubic"), HasSubstr("Did you mean 'bicubic'"));
  EXPECT_THAT(fault(spec + "?mean=0.5"),
              HasSubstr("expected one mean for each channel of rgb, found 1"));
  EXPECT_THAT(fault(spec + "?std=1,1,0"), HasSubstr("> 0"));
}

TEST_F(ModelTest, TheFileSaysWhatItIs) {
  image::Preprocessing p{.height = 40, .width = 40, .mean = {0.1, 0.2, 0.3}, .std = {1, 1, 1}};
  const auto with = [&](const std::string& network, const std::string& preprocessing) {
    io::write_safetensors(folder_ / "t.safetensors", made_up_resnet20(4, 8),
                          {{"nescio.network", network}, {"nescio.preprocessing", preprocessing}});
    return text("resnet20:", (folder_ / "t.safetensors").string());
  };
  const std::string spec = with("resnet20", image::to_json(p).dump());
  EXPECT_EQ(image::to_json(Model::load(spec, "cpu").preprocessing()), image::to_json(p));
  p.height = p.width = 24;
  EXPECT_EQ(image::to_json(Model::load(spec + "?size=24", "cpu").preprocessing()),
            image::to_json(p));

  EXPECT_THAT(fault(with("resnet8", image::to_json(p).dump())),
              HasSubstr("use model=resnet8:PATH"));
  EXPECT_THAT(fault(with("resnet20", "{}")), HasSubstr("damaged preprocessing"));
  EXPECT_THAT(fault(with("resnet20", "[")), HasSubstr("t.safetensors"));
  p.std[0] = 0;
  EXPECT_THAT(fault(with("resnet20", image::to_json(p).dump())), HasSubstr("std > 0"));
  p.std[0] = 1;
  p.height = 1000000;
  EXPECT_THAT(fault(with("resnet20", image::to_json(p).dump())), HasSubstr("8192"));
}

TEST_F(ModelTest, TheFileNamesItsClasses) {
  const auto with = [&](const std::string& names) {
    io::write_safetensors(folder_ / "t.safetensors", made_up_resnet20(2, 8),
                          {{"nescio.class_names", names}});
    return text("resnet20:", (folder_ / "t.safetensors").string());
  };
  EXPECT_EQ(Model::load(with(R"(["cat", "dog"])"), "cpu").class_names(),
            (std::vector<std::string>{"cat", "dog"}));
  EXPECT_THAT(fault(with(R"(["cat"])")), HasSubstr("names 1 classes and its last layer has 2"));
  EXPECT_THAT(fault(with(R"(["cat", 3])")), HasSubstr("expected a list of texts"));
  EXPECT_THAT(fault(with(R"({"cat": "dog"})")), HasSubstr("expected a list of texts"));
  EXPECT_THAT(fault(with("[")), HasSubstr("t.safetensors"));
}

/// A SqueezeNet of three classes; `caffe` with the names of the Caffe model.
Weights made_up_squeezenet(bool caffe) {
  Weights weights;
  std::uint32_t seed = 0;
  const auto add = [&](const std::string& name, Shape shape) {
    weights.emplace(name + ".bias", Array({shape[0]}, made_up_numbers(shape[0], ++seed)));
    std::vector<float> values = made_up_numbers(count_of(shape), ++seed);
    weights.emplace(name + ".weight", Array(std::move(shape), std::move(values)));
  };
  add(caffe ? "conv1" : "features.0", {96, 3, 7, 7});
  std::size_t in = 96, fire = 2;
  for (const int layer : {3, 4, 5, 7, 8, 9, 10, 12}) {
    const std::size_t squeezed = 16 * (fire / 2), each = 4 * squeezed;
    const std::string name = caffe ? text("fire", fire, "/conv") : text("features.", layer, ".");
    add(name + (caffe ? "1x1_1" : "squeeze"), {squeezed, in, 1, 1});
    add(name + (caffe ? "1x1_2" : "expand1x1"), {each, squeezed, 1, 1});
    add(name + (caffe ? "3x3_2" : "expand3x3"), {each, squeezed, 3, 3});
    in = 2 * each;
    ++fire;
  }
  add(caffe ? "conv_final" : "classifier.1", {3, 512, 1, 1});
  return weights;
}

TEST_F(ModelTest, OtherNamesBringTheirPreprocessing) {
  const auto load = [&](bool caffe) {
    io::write_safetensors(folder_ / "s.safetensors", made_up_squeezenet(caffe));
    return Model::load(text("squeezenet1_0:", (folder_ / "s.safetensors").string()), "cpu");
  };
  const Model ours = load(false), theirs = load(true);
  EXPECT_EQ(theirs.classes(), 3u);
  EXPECT_EQ(theirs.feature_width(), 512u);
  EXPECT_EQ(ours.preprocessing().channels, "rgb");
  EXPECT_EQ(theirs.preprocessing().channels, "bgr");
  EXPECT_EQ(theirs.preprocessing().width, 227u);
  const Weights expected = ours.parameters();
  for (const auto& [name, array] : theirs.parameters()) {
    EXPECT_TRUE(std::ranges::equal(array.as<float>(), expected.at(name).as<float>())) << name;
  }
  EXPECT_THAT(fault(text("squeezenet1_0:", (folder_ / "s.safetensors").string(), "?size=20")),
              HasSubstr("at least 21"));
  EXPECT_THAT(fault(text("resnet20:", (folder_ / "s.safetensors").string())),
              HasSubstr("they fit squeezenet1_0"));
}

TEST_F(ModelTest, AGreyNetworkReadsOneChannel) {
  Weights weights;
  std::uint32_t seed = 0;
  const auto add = [&](const std::string& name, Shape shape) {
    weights.emplace(name + ".bias", Array({shape[0]}, made_up_numbers(shape[0], ++seed)));
    std::vector<float> values = made_up_numbers(count_of(shape), ++seed);
    weights.emplace(name + ".weight", Array(std::move(shape), std::move(values)));
  };
  add("conv1", {10, 1, 5, 5});
  add("conv2", {20, 10, 5, 5});
  add("fc1", {50, 320});
  add("fc2", {6, 50});
  io::write_safetensors(folder_ / "m.safetensors", weights);
  const std::string spec = text("mnist_convnet:", (folder_ / "m.safetensors").string());
  const Model model = Model::load(spec, "cpu");
  EXPECT_EQ(model.classes(), 6u);
  const std::vector<float> images = made_up_numbers(2 * 28 * 28, 1);
  EXPECT_EQ(model.forward(images).logits.shape(), (Shape{2, 6}));
  EXPECT_THAT(io::error_of([&] { model.forward(std::vector<float>(100)); }),
              HasSubstr("expected B x 1 x 28 x 28"));
  EXPECT_EQ(Model::load(spec + "?mean=0.1307&std=0.3081", "cpu").preprocessing().mean.size(), 1u);
  EXPECT_THAT(fault(spec + "?mean=0.1,0.2,0.3"), HasSubstr("one mean for each channel of grey"));
  EXPECT_THAT(fault(spec + "?channels=rgb"), HasSubstr("reads grey, found rgb"));
  EXPECT_THAT(fault(spec + "?size=32"), HasSubstr("at most 31"));
  EXPECT_THAT(fault(spec + "?size=27"), HasSubstr("at least 28"));
  EXPECT_THAT(fault(save(made_up_resnet20(10, 9)) + "?channels=grey"),
              HasSubstr("reads rgb, found grey"));
}

}  // namespace
}  // namespace nescio::nn
