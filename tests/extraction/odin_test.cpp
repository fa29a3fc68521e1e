#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "base/threads.h"
#include "extract/extract.h"
#include "extract/probe.h"
#include "io/safetensors.h"
#include "io/test_folder.h"
#include "nn/model.h"
#include "nn/test_weights.h"

namespace nescio::extract {
namespace {

using testing::HasSubstr;

constexpr std::size_t rows = 3, classes = 4, picture = 3 * 32 * 32;

/// log softmax(z / T) of class c.
double log_probability(std::span<const float> z, std::size_t c, double T) {
  double sum = 0;
  for (const float v : z) sum += std::exp(static_cast<double>(v - z[c]) / T);
  return -std::log(sum);
}

class OdinProbe : public testing::Test {
 protected:
  static nn::Model made_up() {
    const io::TestFolder folder;
    io::write_safetensors(folder / "weights.safetensors", nn::made_up_resnet20(classes, 5));
    return nn::Model::load("resnet20:" + (folder / "weights.safetensors").string(), "cpu");
  }
  Array run(const std::string& spec) const {
    Pass pass(model_, images_);
    return make_probes({spec})[0].probe->run(pass);
  }

  nn::Model model_ = made_up();
  std::vector<float> images_ = nn::made_up_numbers(rows * picture, 8);
  runtime::BackboneOutputs said_ = model_.forward(images_);
};

TEST_F(OdinProbe, WithoutAStepIsTheNetworkItself) {
  const Array still = run("odin(epsilon=0)");
  ASSERT_EQ(still.shape(), (Shape{rows, classes}));
  for (std::size_t i = 0; i < rows * classes; ++i) {
    EXPECT_NEAR(still.as<float>()[i], said_.logits.as<float>()[i], 1e-5);
  }
}

TEST_F(OdinProbe, RaisesTheProbabilityOfThePredictedClass) {
  for (const double T : {1.0, 1000.0}) {
    const Array moved = run(text("odin(epsilon=0.0001,T=", T, ")"));
    for (std::size_t r = 0; r < rows; ++r) {
      const auto before = said_.logits.as<float>().subspan(r * classes, classes);
      const auto after = moved.as<float>().subspan(r * classes, classes);
      const auto seen = static_cast<std::size_t>(std::ranges::max_element(before) - before.begin());
      EXPECT_GT(log_probability(after, seen, T), log_probability(before, seen, T)) << T << ' ' << r;
    }
  }
}

TEST_F(OdinProbe, MayRunInSeveralThreadsAtOnce) {
  const Array alone = run("odin");
  std::array<Array, 4> found;
  parallel_for(found.size(), [&](std::size_t i) { found[i] = run("odin"); });
  for (const Array& array : found) {
    for (std::size_t i = 0; i < rows * classes; ++i) {
      EXPECT_NEAR(array.as<float>()[i], alone.as<float>()[i], 1e-4);
    }
  }
}

TEST(Probes, AreNamedWithAllTheirParameters) {
  EXPECT_EQ(make_probes({"odin"})[0].name, "odin(epsilon=0.0014,T=1000)");
  EXPECT_EQ(make_probes({"odin(T=1)"})[0].name, "odin(epsilon=0.0014,T=1)");
  EXPECT_EQ(make_probes({"odin", "odin(T=1)"}).size(), 2u);
  const auto refusal = [](const std::vector<std::string>& specs) {
    return io::error_of([&] { make_probes(specs); });
  };
  EXPECT_THAT(refusal({"odim"}), HasSubstr("unknown probe 'odim'. Did you mean 'odin'?"));
  EXPECT_THAT(refusal({"odin(eps=1)"}), HasSubstr("unknown parameter 'eps'"));
  EXPECT_THAT(refusal({"odin(epsilon=-1)"}), HasSubstr("epsilon"));
  EXPECT_THAT(refusal({"odin+odin"}), HasSubstr("expected one"));
  EXPECT_THAT(refusal({"odin", "odin(T=1000)"}),
              HasSubstr("odin(epsilon=0.0014,T=1000) is asked for twice"));
}

/// What PyTorch computes in double with the loss CE(z / T, argmax z), for the first four pictures
/// of CIFAR-10's test set and the published ResNet-20.
struct Reference {
  const char* spec;
  std::array<std::array<double, 10>, 4> logits;
};

constexpr Reference references[] = {{"odin",
                                     {{{24.4375, -1.33456, 4.70906, -10.8906, -0.268991, -9.77759,
                                        -6.97501, -1.70962, 6.56142, -4.88381},
                                       {4.45077, -4.9237, -3.0717, -4.05228, -4.70477, -8.08406,
                                        -8.07736, -2.53883, 24.2568, 6.64913},
                                       {-3.05025, -7.69202, 36.2196, -6.94066, 1.03095, -0.943143,
                                        -2.2402, -3.46082, -6.82237, -6.13307},
                                       {-1.48782, 28.4018, -5.28506, -1.50857, -6.8831, -3.06448,
                                        -3.97612, -7.04766, -0.877993, 1.65771}}}},
                                    {"odin(epsilon=0.0028,T=1)",
                                     {{{26.8992, -1.90769, 5.40758, -10.1463, -0.440659, -9.99277,
                                        -7.21455, -1.73832, 3.91439, -4.91767},
                                       {3.25663, -3.36142, -2.39437, -4.59849, -2.58543, -6.54488,
                                        -8.66829, -2.85586, 25.3241, 2.30998},
                                       {-1.54621, -8.51424, 39.4395, -6.77547, -1.86454, -1.32709,
                                        -1.92853, -3.99201, -7.27526, -6.25324},
                                       {-3.2832, 30.4211, -6.36876, -0.448454, -6.50575, -1.53197,
                                        -3.78962, -8.28869, -1.08047, 0.796582}}}}};

TEST(OdinProbeGolden, AgreesWithPyTorchOnRealPictures) {
  const char* data = std::getenv("NESCIO_DATA");
  const char* weights = std::getenv("NESCIO_WEIGHTS");
  if (!data || !weights) GTEST_SKIP() << "NESCIO_DATA or NESCIO_WEIGHTS is not set";
  const nn::Model model =
      nn::Model::load(text("resnet20:", weights, "/resnet20-12fca82f.th"), "cpu");
  const std::string spec = text("cifar10:", data, "/cifar-10-batches-bin?split=test&index=0-3");
  for (const Reference& reference : references) {
    const io::TestFolder folder;
    bank::FeatureBank bank = bank::FeatureBank::open_or_create(folder / "bank");
    extract(model, *image::open_dataset(spec), spec, bank, "cifar10/test",
            {.batch = 4, .probes = {reference.spec}});
    const Array found = bank.array("cifar10/test", make_probes({reference.spec})[0].name);
    for (std::size_t r = 0; r < 4; ++r) {
      for (std::size_t c = 0; c < 10; ++c) {
        EXPECT_NEAR(found.as<float>()[r * 10 + c], reference.logits[r][c], 1e-4)
            << reference.spec << ' ' << r << ' ' << c;
      }
    }
  }
}

}  // namespace
}  // namespace nescio::extract
