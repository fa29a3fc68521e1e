#include "train/soft_targets.h"

#include <gtest/gtest.h>

#include <cmath>

#include "train/losses.h"

namespace nescio::train {
namespace {

const torch::TensorOptions exact = torch::kFloat64;

torch::Tensor one_row(const std::vector<double>& values) {
  return torch::tensor(values, exact).unsqueeze(0);
}

/// q [B, C].
torch::Tensor dense(const SoftTargets& targets, std::int64_t classes) {
  return torch::zeros({targets.classes.size(0), classes}, exact)
      .scatter_add(1, targets.classes, targets.hard + targets.soft);
}

TeacherAnswer answer(const std::vector<double>& p) {
  return {torch::arange(static_cast<std::int64_t>(p.size())).unsqueeze(0), one_row(p)};
}

void expect_q(const TeacherAnswer& teacher, std::int64_t y, const std::string& fusion,
              const std::vector<double>& expected, double tolerance = 5e-4) {
  const auto q = dense(fuse(teacher, torch::tensor({y}), fusion, 0.9),
                       static_cast<std::int64_t>(expected.size()));
  EXPECT_TRUE(torch::allclose(q, one_row(expected), 0, tolerance)) << fusion << ' ' << q;
}

TEST(SoftTargets, AreThoseOfThePaperByHand) {
  const TeacherAnswer teacher = answer({0.86, 0.05, 0.04, 0.03});
  expect_q(teacher, 0, "sum", {0.939, 0.025, 0.020, 0.015});
  expect_q(teacher, 0, "overwrite", {0.893, 0.045, 0.036, 0.027});
  expect_q(teacher, 0, "mix", {0.988, 0.005, 0.004, 0.003});
  expect_q(answer({1.0}), 1, "sum", {0.5, 0.5});
  expect_q(answer({1.0}), 1, "overwrite", {0.5, 0.5});
  expect_q(answer({0.51, 0.49}), 0, "overwrite", {0.67, 0.33}, 5e-3);
  expect_q(answer({0.51, 0.49}), 0, "sum", {0.755, 0.245});
}

TEST(SoftTargets, HaveTheirPropertiesForAnyTeacher) {
  torch::manual_seed(1);
  constexpr std::int64_t rows = 200, classes = 12;
  for (const std::int64_t k : {1, 3, 12}) {
    const auto logits = 4 * torch::randn({rows, classes}, exact);
    const auto labels = torch::randint(classes, {rows});
    const TeacherAnswer teacher = most_probable(logits, k, 1);
    const auto p = torch::zeros({rows, classes}, exact).scatter(1, teacher.classes, teacher.p);
    const auto one_hot = torch::one_hot(labels, classes).to(exact.dtype());
    const auto m = p.sum(1, true);
    for (const char* fusion : {"sum", "overwrite", "mix"}) {
      const auto q = dense(fuse(teacher, labels, fusion, 0.5), classes);
      EXPECT_TRUE(torch::allclose(q.sum(1), torch::ones({rows}, exact)));
      EXPECT_GE(q.min().item<double>(), 0);
      EXPECT_TRUE((q.gather(1, labels.unsqueeze(1)) >= q).all().item<bool>()) << fusion;
      // Ratios of the other classes that are kept stay the teacher's.
      const auto others = p * (1 - one_hot);
      const auto scale = (q * (1 - one_hot)).sum(1, true) / others.sum(1, true).clamp_min(1e-300);
      EXPECT_TRUE(torch::allclose(q * (1 - one_hot), others * scale, 1e-9)) << fusion;
    }
    const auto lambda = 1 / (1 + m);
    const auto q = dense(fuse(teacher, labels, "sum", 0), classes);
    EXPECT_TRUE(torch::allclose(q, lambda * one_hot + (1 - lambda) * p / m));
    // What is common to all of p does nothing to mix.
    const TeacherAnswer half{teacher.classes, teacher.p / 2};
    EXPECT_TRUE(torch::allclose(dense(fuse(half, labels, "mix", 0.9), classes),
                                dense(fuse(teacher, labels, "mix", 0.9), classes)));
  }
}

TEST(SoftTargets, LossIsTheDenseDivergenceAndItsGradientSoftmaxLessTarget) {
  torch::manual_seed(2);
  constexpr std::int64_t rows = 40, classes = 9;
  const auto labels = torch::randint(classes, {rows});
  const TeacherAnswer teacher = most_probable(3 * torch::randn({rows, classes}, exact), 4, 1);
  for (const char* fusion : {"sum", "overwrite", "mix"}) {
    const auto z = (2 * torch::randn({rows, classes}, exact)).requires_grad_();
    const SoftTargets targets = fuse(teacher, labels, fusion, 0.9);
    const auto q = dense(targets, classes);
    const auto loss = soft_target_loss(z, targets);
    const auto divergence = (torch::special_xlogy(q, q) - q * z.log_softmax(1)).sum(1);
    EXPECT_TRUE(torch::allclose(loss, divergence, 0, 1e-12)) << fusion;
    loss.mean().backward();
    const auto expected = (z.softmax(1) - q).detach() / rows;
    EXPECT_TRUE(torch::allclose(z.grad(), expected, 0, 1e-14)) << fusion;
  }
}

TEST(SoftTargets, OfATeacherWhoSaysTheLabelAreCrossEntropy) {
  const auto z = torch::randn({3, 5}, exact);
  const auto labels = torch::tensor({4, 0, 2});
  const TeacherAnswer sure = most_probable(100 * torch::one_hot(labels, 5).to(exact.dtype()), 1, 1);
  const auto loss = soft_target_loss(z, fuse(sure, labels, "sum", 0)).mean();
  EXPECT_NEAR(loss.item<double>(), cross_entropy(z, labels).item<double>(), 1e-12);
  const TeacherAnswer uniform = most_probable(torch::zeros({3, 5}, exact), 5, 1);
  const auto smooth = fuse(uniform, labels, "mix", 0.9);
  const double smoothed =
      at::cross_entropy_loss(z, labels, {}, at::Reduction::Mean, -100, 0.1).item<double>();
  EXPECT_NEAR((soft_target_loss(z, smooth) + smooth.entropy).mean().item<double>(), smoothed,
              1e-12);
}

TEST(SoftTargets, OfLargeLogitsAreFinite) {
  const auto z = torch::tensor({{1e4f, -1e4f, 0.0f}}).requires_grad_();
  const TeacherAnswer teacher = most_probable(torch::tensor({{-1e4f, 1e4f, 0.0f}}), 3, 1);
  for (const double T : {1.0, 4.0}) {
    const auto loss = soft_target_loss(z, fuse(teacher, torch::tensor({0}), "sum", 0), T).sum();
    EXPECT_TRUE(std::isfinite(loss.item<double>()));
    loss.backward();
    EXPECT_TRUE(z.grad().isfinite().all().item<bool>());
  }
}

TEST(SoftTargets, OfASparseAnswerAreThoseOfTheWholeOneAtAnyTemperature) {
  // Four classes that share what is left: nothing is lost.
  const auto logits =
      torch::cat({torch::tensor({{5.0, 3.0, 2.0}}, exact), torch::zeros({1, 4}, exact)}, 1);
  const auto log_p = logits.log_softmax(1);
  const auto kept = log_p.slice(1, 0, 3), tail = log_p.slice(1, 3).logsumexp(1);
  for (const double T : {1.0, 2.0, 4.0}) {
    const auto whole = most_probable(logits, 2, T);
    const auto sparse = most_probable(kept, torch::tensor({{0, 1, 2}}), tail, 4, 2, T);
    EXPECT_TRUE(torch::equal(whole.classes, sparse.classes));
    EXPECT_TRUE(torch::allclose(whole.p, sparse.p, 1e-12));
  }
}

TEST(SoftTargets, AreMixedAsThePicturesAre) {
  const auto labels = torch::tensor({0, 3});
  const auto order = torch::tensor({1, 0});
  const auto share = torch::tensor({0.7, 0.4}, exact);
  const auto targets = fuse(most_probable(torch::randn({2, 5}, exact), 3, 1), labels, "sum", 0);
  const auto q = dense(targets, 5), column = share.unsqueeze(1);
  EXPECT_TRUE(torch::allclose(dense(mixed(targets, order, share), 5),
                              column * q + (1 - column) * q.flip(0)));
}

}  // namespace
}  // namespace nescio::train
