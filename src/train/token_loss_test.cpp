#include "train/token_loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bank/token_answers.h"
#include "io/test_folder.h"
#include "train/losses.h"

namespace nescio::train {
namespace {

using testing::HasSubstr;

const torch::TensorOptions in_double = torch::kFloat64;

/// The paper's target of one row, dense, in loops.
std::vector<double> target(const TeacherAnswer& teacher, std::int64_t row, std::int64_t label,
                           std::int64_t classes, const Fusion& fusion) {
  std::vector<double> p(static_cast<std::size_t>(classes)), q(p.size());
  double m = 0;
  for (std::int64_t j = 0; j < teacher.classes.size(1); ++j) {
    const double share = teacher.p[row][j].item<double>();
    p[static_cast<std::size_t>(teacher.classes[row][j].item<std::int64_t>())] += share;
    m += share;
  }
  const auto y = static_cast<std::size_t>(label);
  const double others = m - p[y];
  for (std::size_t c = 0; c < p.size(); ++c) {
    const double hot = c == y ? 1 : 0;
    if (fusion.name == "sum") q[c] = (p[c] + hot) / (1 + m);
    if (fusion.name == "overwrite") q[c] = (c == y ? 1 : p[c]) / (1 + others);
    if (fusion.name == "mix") q[c] = fusion.alpha * hot + (1 - fusion.alpha) * p[c] / m;
  }
  return q;
}

/// softmax of a row of logits in loops.
std::vector<double> softmax_of(const torch::Tensor& z) {
  std::vector<double> s(static_cast<std::size_t>(z.size(0)));
  const double largest = z.max().item<double>();
  double sum = 0;
  for (std::int64_t c = 0; c < z.size(0); ++c) {
    sum += s[static_cast<std::size_t>(c)] = std::exp(z[c].item<double>() - largest);
  }
  for (double& v : s) v /= sum;
  return s;
}

class TokenLoss : public testing::Test {
 protected:
  static constexpr std::int64_t n = 23, v = 17;
  TokenLoss() { torch::manual_seed(4); }

  torch::Tensor z_ = 2 * torch::randn({n, v}, in_double);
  torch::Tensor labels_ = torch::randint(v, {n});
  TeacherAnswer teacher_ = most_probable(3 * torch::randn({n, v}, in_double), 5, 1);
};

TEST_F(TokenLoss, IsTheDenseDivergenceAndItsGradientSoftmaxLessTarget) {
  for (const Fusion& fusion : {Fusion{"sum"}, Fusion{"overwrite"}, Fusion{"mix", 0.7}}) {
    const torch::Tensor z = z_.clone().requires_grad_();
    const torch::Tensor loss = token_loss(z, teacher_, labels_, fusion, 7);
    (3 * loss).backward();
    double expected = 0;
    for (std::int64_t t = 0; t < n; ++t) {
      const auto q = target(teacher_, t, labels_[t].item<std::int64_t>(), v, fusion);
      const auto s = softmax_of(z_[t]);
      for (std::size_t c = 0; c < q.size(); ++c) {
        if (q[c] > 0) expected += q[c] * std::log(q[c] / s[c]) / n;
        EXPECT_NEAR(z.grad()[t][static_cast<std::int64_t>(c)].item<double>(), 3 * (s[c] - q[c]) / n,
                    1e-14)
            << fusion.name;
      }
    }
    EXPECT_NEAR(loss.item<double>(), expected, 1e-12) << fusion.name;
  }
}

TEST_F(TokenLoss, IsTheSameInAnyChunks) {
  torch::Tensor whole, gradient;
  for (const std::int64_t chunk : {1024, 1, 2, 22, 23, 24}) {
    const torch::Tensor z = z_.clone().requires_grad_();
    const torch::Tensor loss = token_loss(z, teacher_, labels_, {}, chunk);
    loss.backward();
    if (!whole.defined()) {
      whole = loss;
      gradient = z.grad();
    }
    EXPECT_NEAR(loss.item<double>(), whole.item<double>(), 1e-13) << chunk;
    EXPECT_TRUE(torch::allclose(z.grad(), gradient, 0, 1e-15)) << chunk;
  }
}

TEST_F(TokenLoss, DoesNotLookAtPadding) {
  torch::Tensor z = z_.clone(), labels = labels_.clone();
  TeacherAnswer teacher = {teacher_.classes.clone(), teacher_.p.clone()};
  labels[3] = -100;
  teacher.classes[8].fill_(-1);
  teacher.p[8].fill_(NAN);
  z[3].fill_(NAN);
  z[8].fill_(NAN);
  z.requires_grad_();
  const torch::Tensor loss = token_loss(z, teacher, labels, {"mix"}, 4);
  loss.backward();
  const torch::Tensor rest = torch::tensor({0, 1, 2, 4, 5, 6, 7, 9, 10, 11, 12});
  const torch::Tensor all = torch::cat({rest, torch::arange(13, n)});
  const torch::Tensor expected =
      token_loss(z_.index_select(0, all),
                 {teacher_.classes.index_select(0, all), teacher_.p.index_select(0, all)},
                 labels_.index_select(0, all), {"mix"});
  EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-13);
  EXPECT_EQ(z.grad()[3].abs().sum().item<double>() + z.grad()[8].abs().sum().item<double>(), 0);
  EXPECT_TRUE(z.grad().isfinite().all().item<bool>());
}

TEST_F(TokenLoss, OfNoTokenIsNothing) {
  for (const std::int64_t rows : {std::int64_t{0}, n}) {
    const torch::Tensor z = z_.slice(0, 0, rows).clone().requires_grad_();
    const torch::Tensor loss =
        token_loss(z, {teacher_.classes.slice(0, 0, rows), teacher_.p.slice(0, 0, rows)},
                   torch::full({rows}, -100));
    EXPECT_EQ(loss.item<double>(), 0);
    loss.backward();
    EXPECT_EQ(z.grad().abs().sum().item<double>(), 0);
  }
}

TEST_F(TokenLoss, WithoutATeacherIsCrossEntropy) {
  const TeacherAnswer nobody = {torch::empty({n, 0}, torch::kInt64),
                                torch::empty({n, 0}, in_double)};
  for (const char* fusion : {"sum", "overwrite"}) {
    EXPECT_NEAR(token_loss(z_, nobody, labels_, {fusion}).item<double>(),
                cross_entropy(z_, labels_).item<double>(), 1e-12);
  }
}

TEST_F(TokenLoss, OfLargeLogitsIsFiniteAndRight) {
  const auto z = torch::tensor({{1e4F, -1e4F, 0.0F}, {-1e4F, 1e4F, 1e4F}}).requires_grad_();
  const TeacherAnswer teacher = {torch::tensor({{1}, {1}}), torch::tensor({{0.5F}, {0.5F}})};
  const torch::Tensor loss = token_loss(z, teacher, torch::tensor({0, 2}), {}, 1);
  loss.backward();
  // Row 0: q = (2/3, 1/3, 0) against (1, exp(-2e4), ...); row 1: (0, 1/3, 2/3) against (0, 1/2, 1/2).
  const double entropy = -(2 * std::log(2.0 / 3) + std::log(1.0 / 3)) / 3;
  EXPECT_NEAR(loss.item<double>(), (2e4 / 3 - entropy + std::log(2.0) - entropy) / 2, 2e-3);
  const auto expected =
      torch::tensor({{1 - 2.0F / 3, -1.0F / 3, 0.0F}, {0.0F, 1.0F / 6, -1.0F / 6}});
  EXPECT_TRUE(torch::allclose(z.grad(), expected / 2, 0, 1e-6F));
}

TEST_F(TokenLoss, OfHalfPrecisionIsComputedInFloat32) {
  const torch::Tensor z = z_.to(torch::kBFloat16).requires_grad_();
  const torch::Tensor loss = token_loss(z, teacher_, labels_);
  EXPECT_EQ(loss.scalar_type(), torch::kFloat32);
  EXPECT_NEAR(loss.item<double>(),
              token_loss(z.detach().to(torch::kFloat64), teacher_, labels_).item<double>(), 1e-5);
  loss.backward();
  EXPECT_EQ(z.grad().scalar_type(), torch::kBFloat16);
}

TEST_F(TokenLoss, RefusesWhatDoesNotGoTogether) {
  const auto fault = [&](const torch::Tensor& labels, std::int64_t chunk) {
    return io::error_of([&] { token_loss(z_, teacher_, labels, {}, chunk); });
  };
  EXPECT_THAT(fault(labels_.slice(0, 1), 8),
              HasSubstr("found [23, 17], [23, 5], [23, 5] and [22]"));
  EXPECT_THAT(fault(labels_, 0), HasSubstr("at least one row, found 0"));
}

TEST(TokenRuns, StandBeforeTheTokensThatTheyAreAbout) {
  EXPECT_EQ(align_tokens(4, 3, 3), (TokenRun{.logit = 3, .row = 0, .count = 3}));
  EXPECT_EQ(align_tokens(4, 3, 2), (TokenRun{.logit = 3, .row = 0, .count = 2}));
  // The authors: logits at label positions but the last, rows from the second on, none for the end.
  EXPECT_EQ(align_tokens(4, 3, 3, true), (TokenRun{.logit = 4, .row = 1, .count = 1}));
  EXPECT_EQ(align_tokens(4, 3, 2, true), (TokenRun{.logit = 4, .row = 1, .count = 1}));
  EXPECT_EQ(align_tokens(1, 1, 1, true).count, 0);
  EXPECT_THAT(io::error_of([] { align_tokens(0, 3, 3); }),
              HasSubstr("at least one token, found 0"));
  EXPECT_THAT(io::error_of([] { align_tokens(2, 3, 4); }),
              HasSubstr("expected 3 or 2 rows for an answer of 3 tokens, found 4"));
  EXPECT_THAT(io::error_of([] { align_tokens(2, 0, 0); }),
              HasSubstr("answer of at least one token, found 0"));
}

/// A teacher who knows one follower of each token, written as lines, imported, and read again.
class Bigrams : public testing::Test {
 protected:
  static constexpr std::int64_t v = 7, prompt = 3, answer = 9;
  /// From 0 on a round of six tokens.
  static std::int64_t follower(std::int64_t token) { return (3 * token + 2) % v; }

  void SetUp() override {
    std::vector<std::int64_t> tokens = {0};
    std::string rows;
    while (std::ssize(tokens) < prompt + answer) {
      tokens.push_back(follower(tokens.back()));
      if (std::ssize(tokens) > prompt)
        rows += text(rows.empty() ? "" : ",", "[[", tokens.back(), ",0]]");
    }
    tokens_ = torch::tensor(tokens);
    const std::string file =
        folder_.file("t.jsonl", R"({"prompt":"a","ground_truth":"b","logprobs":[)" + rows + "]}\n");
    bank::FeatureBank bank = bank::FeatureBank::open_or_create(folder_ / "bank");
    bank::import_tokens(bank, "t/train", file, {.vocabulary = v, .top = 2}, bank::Rest::kept);
    teacher_ = stored_tokens(bank::Answers(bank, "t/train"), 0, answer);
    // The student's logits at a position follow from the token that it reads there.
    torch::Tensor table = torch::zeros({v, v}, in_double);
    for (std::int64_t token = 0; token < v; ++token) table[token][follower(token)] = 60;
    logits_ = table.index_select(0, tokens_);
  }
  /// Of one row against the logits at a position.
  double loss(std::int64_t position, std::int64_t row) const {
    const TeacherAnswer one = {teacher_.classes.slice(0, row, row + 1),
                               teacher_.p.slice(0, row, row + 1)};
    return token_loss(logits_.slice(0, position, position + 1), one,
                      tokens_.slice(0, prompt + row, prompt + row + 1))
        .item<double>();
  }

  io::TestFolder folder_;
  torch::Tensor tokens_, logits_;
  TeacherAnswer teacher_;
};

TEST_F(Bigrams, AgreeWhereTheLogitsAreAlignedAndNowhereElse) {
  for (const bool match_release : {false, true}) {
    const TokenRun run = align_tokens(prompt, answer, answer, match_release);
    ASSERT_GT(run.count, 0);
    for (std::int64_t i = 0; i < run.count; ++i) {
      EXPECT_NEAR(loss(run.logit + i, run.row + i), 0, 1e-12) << i;
      EXPECT_GT(loss(run.logit + i + 1, run.row + i), 1) << i;
      EXPECT_GT(loss(run.logit + i - 1, run.row + i), 1) << i;
    }
  }
}

}  // namespace
}  // namespace nescio::train
