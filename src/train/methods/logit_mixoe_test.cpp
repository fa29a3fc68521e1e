#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/test_folder.h"
#include "train/losses.h"
#include "train/mixing.h"
#include "train/test_step.h"

namespace nescio::train {
namespace {

/// The mixed logits of the test's step and what goes with them, for lambda as the method draws it.
struct Parts {
  torch::Tensor lambda, zi, zo, zt, zm, q;
};

Parts parts_of(nn::Network& network, double alpha = 1) {
  torch::manual_seed(7);
  const torch::Tensor l = draw_beta(alpha, alpha, 1).squeeze(0);
  const TrainingStep step = test_step(network);
  const auto f = [&](const torch::Tensor& x) { return network.forward(x).logits; };
  Parts p{l, f(step.images), f(step.outliers), {}, {}, mixed_labels(step.labels, 3, l)};
  p.zt = l * p.zi + (1 - l) * p.zo;
  p.zm = f(l * step.images + (1 - l) * step.outliers);
  return p;
}

double item(const torch::Tensor& t) { return t.item<double>(); }

TEST(LogitMixOe, IsTheSumOfItsTerms) {
  Bent network;
  const Parts p = parts_of(network);
  const torch::Tensor y = torch::tensor({0, 2});
  const double expected =
      item(cross_entropy(p.zi, y)) + 0.3 * item(uniform_cross_entropy(p.zo)) +
      0.7 * item(soft_cross_entropy(p.q, p.zt)) + 1.1 * item(soft_cross_entropy(p.q, p.zm)) +
      1.3 * item(soft_cross_entropy(p.q, p.zi)) + 1.7 * item(consistency(p.zt, p.zm, "kl"));
  EXPECT_NEAR(
      test_loss("logit_mixoe(w_oe=0.3,w_logit=0.7,w_mix=1.1,w_label=1.3,w_cons=1.7,cons=kl)",
                network),
      expected, 1e-12);
}

TEST(LogitMixOe, ItsPresetsAreWhatTheySay) {
  Bent network;
  const std::pair<const char*, const char*> same[] = {
      {"preset=oe", "w_logit=0,w_cons=0,w_oe=0.5"},
      {"preset=mixoe", "w_logit=0,w_cons=0,w_mix=5"},
      {"preset=label_mix", "w_logit=0,w_cons=0,w_label=5"},
      {"preset=logit_mix_only", "w_cons=0"},
      {"preset=author_fc", "w_oe=1,w_cons=0,noise_add=0.4,noise_mult=0.2"},
      {"preset=logit_mixoe_full", "w_oe=0.5,w_mix=1"},
      {"preset=logit_mixoe,w_logit=5", "w_logit=5"}};
  for (const auto& [preset, weights] : same) {
    EXPECT_EQ(test_loss(text("logit_mixoe(", preset, ")"), network),
              test_loss(text("logit_mixoe(", weights, ")"), network))
        << preset;
  }
}

TEST(LogitMixOe, ContainsItsRelatives) {
  Bent network;
  EXPECT_NEAR(test_loss("logit_mixoe(preset=oe)", network), test_loss("outlier_exposure", network),
              1e-12);
  EXPECT_NEAR(test_loss("logit_mixoe(preset=mixoe)", network), test_loss("mixoe", network), 1e-12);
}

TEST(LogitMixOe, WithoutMixingIsCrossEntropy) {  // lambda = 1
  Bent network;
  EXPECT_NEAR(test_loss("logit_mixoe(alpha=0)", network), 2 * test_loss("cross_entropy", network),
              1e-12);
  EXPECT_NEAR(test_term("logit_mixoe(alpha=0)", "cons", network), 0, 1e-15);
}

TEST(LogitMixOe, OfAnAffineNetworkIsConsistent) {
  Mirror network;
  for (const std::string& kind : consistency_kinds()) {
    EXPECT_NEAR(test_term("logit_mixoe(cons=" + kind + ")", "cons", network), 0, 1e-15) << kind;
  }
  Bent bent;
  EXPECT_GT(test_term("logit_mixoe", "cons", bent), 1e-6);
}

TEST(LogitMixOe, NoiseIsOnTheLogitTermAlone) {
  Bent network;
  const std::string still = "logit_mixoe(w_cons=1", noisy = still + ",noise_mult=0.2";
  EXPECT_NE(test_term(still + ")", "logit", network), test_term(noisy + ")", "logit", network));
  EXPECT_EQ(test_term(still + ")", "cons", network), test_term(noisy + ")", "cons", network));
  EXPECT_NEAR(test_loss("logit_mixoe(noise_add=0,noise_mult=0)", network),
              test_loss(still + ")", network), 1e-12);
}

TEST(LogitMixOe, ALambdaOfItsOwnChangesTheLogitTermAlone) {
  Bent network;
  const std::string own = "logit_mixoe(share_lam=false)";
  EXPECT_NE(test_term(own, "logit", network), test_term("logit_mixoe", "logit", network));
  EXPECT_EQ(test_term(own, "cons", network), test_term("logit_mixoe", "cons", network));
}

TEST(LogitMixOe, ALambdaForEachRowWeighsThatRow) {
  torch::manual_seed(7);
  const torch::Tensor l = draw_beta(1, 1, 2);
  Bent network;
  const Parts p = parts_of(network);
  const torch::Tensor zt = l.unsqueeze(1) * p.zi + (1 - l).unsqueeze(1) * p.zo;
  EXPECT_NEAR(test_term("logit_mixoe(lam_per=sample)", "logit", network),
              item(soft_cross_entropy(mixed_labels(torch::tensor({0, 2}), 3, l), zt)), 1e-12);
}

TEST(LogitMixOe, TheConsistencyRisesThroughItsWarmUp) {
  Bent network;
  const auto term = [&](std::int64_t number) {
    torch::manual_seed(7);
    TrainingStep step = test_step(network);
    step.number = number;
    step.per_epoch = 10;
    loss_of(*make_method("logit_mixoe(warmup_cons=2)"), step);
    return item(step.terms.back().second);
  };
  const double whole = test_term("logit_mixoe", "cons", network);
  EXPECT_NEAR(term(0), whole / 20, 1e-12);
  EXPECT_NEAR(term(9), whole / 2, 1e-12);
  EXPECT_NEAR(term(50), whole, 1e-12);
}

/// The gradient that reaches the pictures from the consistency alone.
torch::Tensor gradient_of_consistency(const std::string& side) {
  Bent network;
  torch::manual_seed(7);
  TrainingStep step = test_step(network);
  step.images.requires_grad_();
  const auto with = loss_of(*make_method("logit_mixoe(cons_grad=" + side + ")"), step);
  torch::manual_seed(7);
  TrainingStep again = step;
  const auto without = loss_of(*make_method("logit_mixoe(w_cons=0)"), again);
  return torch::autograd::grad({with - without}, {step.images})[0];
}

TEST(LogitMixOe, TheSideThatStandsStillGetsNoGradient) {
  const torch::Tensor both = gradient_of_consistency("both");
  const torch::Tensor sum =
      gradient_of_consistency("stop_logit") + gradient_of_consistency("stop_input");
  EXPECT_LT(item((both - sum).abs().max()), 1e-14);
  EXPECT_GT(item(gradient_of_consistency("stop_logit").abs().max()), 1e-3);
  EXPECT_GT(item(gradient_of_consistency("stop_input").abs().max()), 1e-3);
}

TEST(LogitMixOe, SendsAsManyRowsAsItsTermsNeed) {
  Mirror network;
  const auto rows = [&](const std::string& arguments) {
    TrainingStep step = test_step(network);
    loss_of(*make_method("logit_mixoe(" + arguments + ")"), step);
    return step.rows;
  };
  EXPECT_EQ(rows("preset=logit_mixoe"), 6);
  EXPECT_EQ(rows("preset=logit_mixoe,forward=separate"), 6);
  EXPECT_EQ(rows("preset=logit_mixoe,forward=all"), 6);
  EXPECT_EQ(rows("preset=logit_mix_only"), 4);
  EXPECT_EQ(rows("preset=mixoe"), 4);
  EXPECT_EQ(rows("preset=oe"), 4);
  EXPECT_EQ(rows("preset=label_mix"), 2);
}

TEST(LogitMixOe, CutmixCorrectsLambdaForLogitsToo) {
  class Flat final : public nn::Network {  // mean of each channel
   public:
    nn::NetworkOutputs forward(const torch::Tensor& images) override {
      const torch::Tensor z = images.mean({2, 3});
      return {z, z};
    }
  };
  Flat network;
  TrainingStep step{.classes = 3,
                    .network = network,
                    .images = torch::rand({4, 3, 8, 8}, torch::kFloat64),
                    .labels = torch::tensor({0, 1, 2, 0}),
                    .outliers = torch::zeros({4, 3, 8, 8}, torch::kFloat64)};
  loss_of(*make_method("logit_mixoe(mix=cutmix)"), step);
  const double lambda = item(step.terms[0].second);
  EXPECT_NEAR(lambda * 64, std::round(lambda * 64), 1e-9);  // a whole number of pixels is left
}

/// Two bent stages and a last layer that is linear.
class TwoStages final : public nn::StagedNetwork {
 public:
  std::int64_t stages() const override { return 2; }
  std::string stage_name(std::int64_t i) const override { return text(i); }
  nn::NetworkOutputs finish(const torch::Tensor& x) override { return {3 * x - 1, x}; }

 private:
  torch::Tensor stage(std::int64_t, const torch::Tensor& x) override { return x + x.square() / 4; }
};

TEST(LogitMixOe, MixesBehindTheStageThatItIsTold) {
  TwoStages network;
  torch::manual_seed(7);
  const torch::Tensor l = draw_beta(1, 1, 1).squeeze(0);
  const TrainingStep step = test_step(network);
  for (const std::int64_t layer : {1, 2}) {
    const torch::Tensor hidden =
        l * network.run(step.images, 0, layer) + (1 - l) * network.run(step.outliers, 0, layer);
    const torch::Tensor zt = network.finish(network.run(hidden, layer, 2)).logits;
    const double expected = item(soft_cross_entropy(mixed_labels(step.labels, 3, l), zt));
    EXPECT_NEAR(test_term(text("logit_mixoe(mix_layer=", layer, ")"), "logit", network), expected,
                1e-12);
  }
  // The last layer is affine, so mixing what it reads is mixing logits.
  EXPECT_NEAR(test_loss("logit_mixoe(mix_layer=2)", network), test_loss("logit_mixoe", network),
              1e-12);
}

TEST(LogitMixOe, RefusesLayersThatAreNotThere) {
  const auto fault = [](const std::string& arguments, nn::Network& network) {
    return io::error_of(
        [&] { make_method("logit_mixoe(" + arguments + ")")->on_make(made_for(network)); });
  };
  TwoStages staged;
  Mirror whole;
  EXPECT_EQ(fault("mix_layer=2", staged), "");
  EXPECT_EQ(fault("", whole), "");
  EXPECT_THAT(fault("mix_layer=3", staged), testing::HasSubstr("the network has 2 stages"));
  EXPECT_THAT(fault("mix_layer=1", whole), testing::HasSubstr("not cut into stages"));
  EXPECT_THAT(fault("mix_layer=1,forward=all", staged), testing::HasSubstr("forward=joint"));
}

TEST(LogitMixOe, RefusesWhatItsWeightsMakeIdle) {
  const auto fault = [](const std::string& arguments) {
    return io::error_of([&] { make_method("logit_mixoe(" + arguments + ")"); });
  };
  for (const char* idle : {"preset=mixoe,mix_layer=2", "preset=oe,alpha=2", "preset=oe,mix_layer=1",
                           "preset=logit_mix_only,cons=kl", "preset=logit_mix_only,mix=cutmix",
                           "preset=mixoe,forward=separate", "preset=oe,forward=all",
                           "w_logit=0,noise_add=1", "w_cons=0,warmup_cons=1"}) {
    EXPECT_THAT(fault(idle), testing::HasSubstr("does nothing here: it counts only with ")) << idle;
  }
  for (const char* good : {"preset=mixoe,w_logit=1,mix_layer=2", "preset=oe,w_mix=1,alpha=2",
                           "preset=mixoe,forward=all", "preset=oe,forward=separate"}) {
    EXPECT_EQ(fault(good), "") << good;
  }
}

TEST(LogitMixOe, SaysThatARunEndsWithinItsWarmUp) {
  EXPECT_TRUE(make_method("logit_mixoe(warmup_cons=3)")->remarks(30, 10).empty());
  const Notices said = make_method("logit_mixoe(warmup_cons=4)")->remarks(30, 10);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_THAT(said[0], testing::HasSubstr("ends after 3 epochs, before w_cons is reached"));
}

TEST(LogitMixOe, HasTheGradientOfSmallSteps) {
  Bent network;
  for (const char* spec :
       {"logit_mixoe", "logit_mixoe(preset=logit_mixoe_full,cons=js)",
        "logit_mixoe(preset=author_fc)", "logit_mixoe(cons=kl_rev,lam_per=sample)"}) {
    EXPECT_LT(gradient_error(spec, network), 1e-7) << spec;
  }
}

}  // namespace
}  // namespace nescio::train
