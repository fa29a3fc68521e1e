#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/test_run.h"
#include "train/test_step.h"
#include "train/virtual_outliers.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

/// A head that leaves features as they are, as Mirror does.
LastLayer plain_head() {
  return {torch::eye(3, torch::kFloat64), torch::zeros({3}, torch::kFloat64)};
}

std::shared_ptr<TrainingMethod> method_for(const LastLayer& head, const std::string& spec) {
  torch::manual_seed(5);
  const auto method = make_method(spec);
  Mirror network;
  method->on_make(made_for(network, head));
  return method;
}

/// Two features of each class.
TrainingStep six(nn::Network& network) {
  torch::manual_seed(2);
  return {.classes = 3,
          .network = network,
          .images = torch::randn({6, 3}, torch::kFloat64),
          .labels = torch::tensor({0, 1, 2, 0, 1, 2})};
}

double loss_at(TrainingMethod& method, TrainingStep step, std::int64_t number) {
  step.number = number;
  torch::manual_seed(7);
  return loss_of(method, step).item<double>();
}

TEST(Vos, IsThePapersFormula) {
  Mirror network;
  const auto method =
      method_for(plain_head(), "vos(w=0.3,queue=2,start_epoch=0,sample_from=9,select=2)");
  loss_at(*method, six(network), 0);
  const double found = loss_at(*method, test_step(network), 1);

  // The queues: the two features of each class, the older one replaced in classes 0 and 2.
  const torch::Tensor before = six(network).images, now = test_step(network).images;
  const torch::Tensor queues =
      torch::stack({now[0], before[3], before[1], before[4], before[5], now[1]}).view({3, 2, 3});
  torch::manual_seed(7);
  const torch::Tensor rows = torch::cat({now, virtual_outliers(queues, 9, 2)});
  const auto learned = method->named_parameters();
  double sum = 0;
  for (std::int64_t i = 0; i < 8; ++i) {
    double total = 0;
    for (std::int64_t c = 0; c < 3; ++c) {
      total += std::max(0.0, learned["vos.energy"][c].item<double>()) *
               std::exp(rows[i][c].item<double>());
    }
    double z[2];
    for (std::int64_t k = 0; k < 2; ++k) {
      z[k] = learned["vos.logistic.weight"][k][0].item<double>() * std::log(total) +
             learned["vos.logistic.bias"][k].item<double>();
    }
    sum += std::log(std::exp(z[0]) + std::exp(z[1])) - z[i < 2 ? 1 : 0];
  }
  EXPECT_NEAR(found, test_loss("cross_entropy", network) + 0.3 * sum / 8, 1e-10);
}

TEST(Vos, BeginsWhenQueuesAreFullAndTheEpochHasCome) {
  Mirror network;
  const double plain = test_loss("cross_entropy", network);
  const auto method = method_for(plain_head(), "vos(queue=3,start_epoch=2,sample_from=9)");
  EXPECT_NEAR(loss_at(*method, test_step(network), 5), plain, 1e-12);  // nothing remembered
  loss_at(*method, six(network), 6);
  EXPECT_NEAR(loss_at(*method, test_step(network), 7), plain, 1e-12);  // class 1 has two of three
  loss_at(*method, six(network), 8);
  EXPECT_NEAR(loss_at(*method, test_step(network), 1), plain, 1e-12);  // epoch 1
  EXPECT_GT(loss_at(*method, test_step(network), 2), plain);
}

TEST(Vos, RemembersTheNewestFeaturesOfEachClass) {
  Mirror network;
  const auto method = method_for(plain_head(), "vos(queue=2)");
  TrainingStep step = six(network);
  step.labels = torch::tensor({1, 1, 0, 1, 1, 1});  // more than the queue takes
  loss_at(*method, step, 0);
  const torch::Tensor queues = method->named_buffers()["vos.queues"];
  EXPECT_TRUE(queues[0][0].equal(step.images[2]));
  // Five of them: the last went to place 4 % 2.
  EXPECT_TRUE(queues[1][0].equal(step.images[5]));
  EXPECT_TRUE(queues[1][1].equal(step.images[4]));
  EXPECT_TRUE(queues[2].eq(0).all().item<bool>());
}

TEST(Vos, HasTheGradientOfSmallStepsInWhatItTeaches) {
  Mirror network;
  LastLayer head = plain_head();
  head.weight.requires_grad_();
  head.bias.requires_grad_();
  const auto method = method_for(head, "vos(queue=1,start_epoch=0,sample_from=9,select=2)");
  loss_at(*method, six(network), 0);
  loss_at(*method, test_step(network), 1);  // from here on the queues do not change
  const auto loss = [&] {
    TrainingStep step = test_step(network);
    torch::manual_seed(7);
    return loss_of(*method, step);
  };
  loss().backward();
  auto taught = method->parameters();
  taught.insert(taught.end(), {head.weight, head.bias});
  const torch::NoGradGuard no_gradients;
  for (const torch::Tensor& parameter : taught) {
    for (std::int64_t i = 0; i < parameter.numel(); ++i) {
      const auto moved = [&](double by) {
        parameter.view(-1)[i] += by;
        const double value = loss().item<double>();
        parameter.view(-1)[i] -= by;
        return value;
      };
      EXPECT_NEAR(parameter.grad().view(-1)[i].item<double>(), (moved(1e-5) - moved(-1e-5)) / 2e-5,
                  1e-8);
    }
  }
}

TEST(Vos, RefusesWhatItCannotUse) {
  const auto fault = [](const LastLayer& head, const char* spec) {
    return io::error_of([&] { method_for(head, spec); });
  };
  EXPECT_THAT(fault({torch::zeros({3, 4, 1, 1}), torch::zeros({3})}, "vos"), HasSubstr("linear"));
  EXPECT_THAT(fault(plain_head(), "vos(sample_from=3,select=4)"),
              HasSubstr("at most sample_from=3"));
}

TEST(Vos, RefusesPicturesOfNoOneClass) {
  for (const char* spec : {"mixup+vos", "cutmix+cross_entropy+vos"}) {
    EXPECT_THAT(io::error_of([&] { make_method(spec); }),
                HasSubstr("vos wants every picture to be of one class, and"))
        << spec;
  }
}

TEST(Vos, SaysThatARunIsTooShortForIt) {
  const auto method = make_method("vos(start_epoch=3)");
  EXPECT_TRUE(method->remarks(31, 10).empty());
  ASSERT_EQ(method->remarks(30, 10).size(), 1U);
  EXPECT_THAT(method->remarks(30, 10)[0], HasSubstr("start_epoch=3: the run has 3 epochs"));
}

TEST(Vos, EndsWithTheSameBitsAfterAKill) {
  struct Killed {};
  const TinyTask task;
  TrainSettings settings = task.settings();
  settings.method = "vos(queue=5,start_epoch=1,sample_from=30,select=2)";
  Trainer(settings).run({.out = task.path("whole")});
  const auto kill = [](std::string_view what, std::size_t done, std::size_t) {
    if (what != "validating" && done == 15) throw Killed();
  };
  EXPECT_THROW(Trainer(settings).run({.out = task.path("killed"), .progress = kill}), Killed);
  Trainer(settings).run({.out = task.path("killed"), .resume = true});
  for (const char* file : {"/last.safetensors", "/best.safetensors"}) {
    EXPECT_TRUE(io::read_text(task.path("killed") + file) ==
                io::read_text(task.path("whole") + file));
  }
}

}  // namespace
}  // namespace nescio::train
