#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/test_folder.h"
#include "train/test_step.h"

namespace nescio::train {
namespace {

std::vector<double> softened(const std::vector<double>& z, double T) {
  std::vector<double> p;
  double sum = 0;
  for (const double v : z) sum += std::exp(v / T);
  for (const double v : z) p.push_back(std::exp(v / T) / sum);
  return p;
}

TEST(Distillation, IsThePapersEquation) {
  Mirror network;
  const std::vector<std::vector<double>> t = {{1, 2, -1}, {0.5, -0.5, 3}},
                                         z = {{2, -1, 0.5}, {0.1, 0.3, -0.2}};
  for (const double T : {1.0, 4.0}) {
    TrainingStep step = test_step(network);
    step.teacher = torch::tensor({{1.0, 2.0, -1.0}, {0.5, -0.5, 3.0}}, torch::kFloat64);
    double soft = 0;
    for (std::size_t b = 0; b < 2; ++b) {
      const auto p = softened(t[b], T), q = softened(z[b], T);
      for (std::size_t c = 0; c < 3; ++c) soft += p[c] * std::log(p[c] / q[c]) / 2;
    }
    const double hard = plain_cross_entropy({{1, 0, 0}, {0, 0, 1}}, z);
    const double loss =
        loss_of(*make_method(text("distillation(T=", T, ",w=0.7)")), step).item<double>();
    EXPECT_NEAR(loss, 0.7 * T * T * soft + 0.3 * hard, 1e-12) << T;
  }
}

TEST(Distillation, OfMixturesIsRefused) {
  EXPECT_THAT(io::error_of([] { make_method("mixup+distillation"); }),
              testing::HasSubstr("what a teacher said about each picture, and mixup mixes them"));
}

}  // namespace
}  // namespace nescio::train
