#include "train/synchronised_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/test_communicator.h"
#include "io/test_folder.h"
#include "nn/layers.h"
#include "nn/network.h"
#include "nn/network_info.h"

namespace nescio::train {
namespace {

constexpr std::int64_t channels = 3;

/// What a layer says and does for some rows, and the gradient of sum(y * pull).
struct Passed {
  torch::Tensor y, dx, dweight, dbias, running_mean, running_var;
};

struct Layer {
  bool affine = true;
  std::vector<std::int64_t> sides = {4, 5};

  template <class Norm>
  Passed run(Norm& norm, const torch::Tensor& x, const torch::Tensor& pull) const {
    torch::Tensor input = x.detach().clone().requires_grad_();
    const torch::Tensor y = norm->forward(input);
    (y * pull).sum().backward();
    return {y.detach(),
            input.grad(),
            affine ? norm->weight.grad() : torch::zeros(channels),
            affine ? norm->bias.grad() : torch::zeros(channels),
            norm->running_mean,
            norm->running_var};
  }
  Passed pass(const torch::Tensor& x, const torch::Tensor& pull) const {
    const auto begin = [&](auto norm) {
      const torch::NoGradGuard no_gradients;
      if (affine) {
        norm->weight.copy_(torch::tensor({0.5F, 2.0F, -1.0F}));
        norm->bias.copy_(torch::tensor({0.1F, -0.2F, 0.3F}));
      }
      return norm;
    };
    if (sides.empty()) {
      auto norm =
          begin(torch::nn::BatchNorm1d(torch::nn::BatchNorm1dOptions(channels).affine(affine)));
      return run(norm, x, pull);
    }
    auto norm = begin(nn::norm(channels, affine));
    return run(norm, x, pull);
  }
  torch::Tensor numbers(std::int64_t rows) const {
    std::vector<std::int64_t> shape = {rows, channels};
    shape.insert(shape.end(), sides.begin(), sides.end());
    return torch::randn(shape);
  }
};

void expect_near(const torch::Tensor& a, const torch::Tensor& b, const char* what) {
  EXPECT_LT((a - b).abs().max().item<double>(), 1e-5) << what;
}

TEST(SynchronisedNorm, IsThatOfAllRows) {
  for (const Layer& layer : {Layer{}, Layer{.affine = false}, Layer{.sides = {}}}) {
    torch::manual_seed(1);
    // A mean that is large beside the variance, as of pixels.
    const torch::Tensor x = layer.numbers(7) * 0.5 + 4, pull = layer.numbers(7);
    const Passed all = layer.pass(x, pull);
    torch::Tensor dweight = torch::zeros(channels), dbias = torch::zeros(channels);
    PlayedProcesses::run(3, [&](Communicator& processes) {
      const SynchronisedNorm together(processes);
      const Share share = share_of(processes, 7);  // 2, 2 and 3 rows
      const auto own = [&](const torch::Tensor& rows) {
        const auto first = static_cast<std::int64_t>(share.first);
        return rows.slice(0, first, first + static_cast<std::int64_t>(share.count));
      };
      const Passed part = layer.pass(own(x), own(pull));
      expect_near(part.y, own(all.y), "y");
      expect_near(part.dx, own(all.dx), "dx");
      expect_near(part.running_mean, all.running_mean, "mean");
      expect_near(part.running_var, all.running_var, "variance");
      dweight += part.dweight;
      dbias += part.dbias;
    });
    EXPECT_LT((dweight - all.dweight).abs().max().item<double>(), 3e-5);
    EXPECT_LT((dbias - all.dbias).abs().max().item<double>(), 3e-5);
  }
}

// In double precision, since rounding of single precision turns ReLUs over in a network of many layers.
TEST(SynchronisedNorm, GivesAResidualNetworkTheGradientOfTheWholeBatch) {
  torch::manual_seed(2);
  const torch::Tensor images = torch::randn({8, 3, 32, 32}, torch::kFloat64);
  const torch::Tensor pull = torch::randn({8, 3}, torch::kFloat64);
  const auto gradients = [&](std::int64_t first, std::int64_t count) {
    torch::manual_seed(3);
    const auto network = nn::find_network("resnet8").make(3);
    network->to(torch::kFloat64);
    network->train();
    const torch::Tensor logits = network->forward(images.slice(0, first, first + count)).logits;
    (logits.sin() * pull.slice(0, first, first + count)).sum().backward();
    std::vector<torch::Tensor> found;
    for (const torch::Tensor& p : network->parameters()) found.push_back(p.grad().clone());
    return found;
  };
  const auto whole = gradients(0, 8);
  std::vector<torch::Tensor> sums;
  PlayedProcesses::run(2, [&](Communicator& processes) {
    const SynchronisedNorm together(processes);
    const auto own = gradients(processes.rank() * 4, 4);
    for (std::size_t i = 0; i < own.size(); ++i) {
      i < sums.size() ? void(sums[i] += own[i]) : sums.push_back(own[i].clone());
    }
  });
  ASSERT_EQ(sums.size(), whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const double size = whole[i].abs().max().item<double>();
    EXPECT_LT((sums[i] - whole[i]).abs().max().item<double>(), 1e-9 * (1 + size)) << i;
  }
}

TEST(SynchronisedNorm, EndsWithItsObject) {
  torch::manual_seed(1);
  const Layer layer;
  const torch::Tensor x = layer.numbers(6), pull = layer.numbers(6);
  const Passed before = layer.pass(x, pull);
  PlayedProcesses::run(2, [&](Communicator& processes) {
    {
      const SynchronisedNorm together(processes);
      const SynchronisedNorm nested(processes);
    }
    EXPECT_TRUE(torch::equal(layer.pass(x, pull).dx, before.dx)) << processes.rank();
  });
}

// Alone and in evaluation mode it is libtorch's, bit for bit.
TEST(SynchronisedNorm, LeavesTheRestAlone) {
  torch::manual_seed(1);
  const Layer layer;
  const torch::Tensor x = layer.numbers(6);
  auto norm = nn::norm(channels);
  norm->eval();
  const torch::Tensor y = norm->forward(x);
  PlayedProcesses::run(2, [&](Communicator& processes) {
    const SynchronisedNorm together(processes);
    // They ask for different numbers of passes, and nobody waits.
    for (int i = 0; i <= processes.rank(); ++i) {
      EXPECT_TRUE(torch::equal(norm->forward(x), y));
    }
  });
}

TEST(SynchronisedNorm, RefusesGradientsOfGradients) {
  const torch::Tensor x = Layer().numbers(4).requires_grad_();
  EXPECT_THAT(io::error_of([&] {
                PlayedProcesses::run(2, [&](Communicator& processes) {
                  const SynchronisedNorm together(processes);
                  auto norm = nn::norm(channels);
                  torch::autograd::grad({norm->forward(x).square().sum()}, {x}, {}, true, true);
                });
              }),
              testing::HasSubstr("batch_norm=per_rank"));
}

}  // namespace
}  // namespace nescio::train
