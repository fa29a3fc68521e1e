#include <gmock/gmock.h>

#include "detectors/principal_space.h"
#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

TEST(Residual, IsThatOfVimWithoutTheEnergy) {
  // s_vim + log sum exp z = alpha times the residual, with one alpha for all rows.
  const ToyBank bank;
  for (const char* parameters : {"(dim=3)", "(dim=11)", ""}) {
    const auto residual = bank.scores(text("residual", parameters), Executor::reference);
    const auto vim = bank.scores(text("vim", parameters), Executor::reference);
    const double alpha = (vim[0] + log_sum_exp(bank.test_logits[0])) / residual[0];
    EXPECT_GT(alpha, 0);
    for (std::size_t r = 0; r < residual.size(); ++r) {
      EXPECT_NEAR(vim[r] + log_sum_exp(bank.test_logits[r]), alpha * residual[r], 1e-9) << r;
    }
  }
}

TEST(Residual, IsALengthOfFeatures) {
  // Twice the features and the bias are twice the residual.
  const ToyBank bank;
  ToyBank twice = bank;
  for (double& b : twice.bias) b *= 2;
  for (auto* rows : {&twice.train_features, &twice.test_features}) {
    for (auto& h : *rows) {
      for (double& v : h) v *= 2;
    }
  }
  const auto once = bank.scores("residual(dim=4)", Executor::reference);
  const auto found = twice.scores("residual(dim=4)", Executor::reference);
  for (std::size_t r = 0; r < once.size(); ++r) EXPECT_NEAR(found[r], 2 * once[r], 1e-9);
}

/// Rows of `width` normal numbers of both signs, fitted on as train.
statistics::Split noise(std::size_t rows, std::size_t width, std::size_t classes) {
  Rng rng(width);
  std::vector<float> features, logits;
  for (std::size_t i = 0; i < rows * width; ++i) {
    features.push_back(static_cast<float>(rng.normal()));
  }
  for (std::size_t i = 0; i < rows * classes; ++i) {
    logits.push_back(static_cast<float>(rng.uniform()));
  }
  return {"toy/train",
          {{"features", Array({rows, width}, std::move(features))},
           {"logits", Array({rows, classes}, std::move(logits))}},
          {},
          classes};
}

/// R [D, D - dim] that a detector learns from noise.
Matrix residual_space(const std::string& name, std::size_t width, std::size_t classes) {
  Matrix weight(classes, width), bias(1, classes);
  Rng rng(1);
  for (double& w : weight.values) w = rng.normal();
  const Inputs in = make_inputs(classes, width, HeadTables{Table(weight), Table(bias)});
  statistics::Statistics statistics(noise(60, width, classes), Executor::cpu);
  const auto stage = find(name).make();
  stage->fit(in, {&statistics, &statistics});
  Matrix out;
  for (const LearnedArray& array : find(name).learned) {
    if (array.name == "residual_space") from_array(array.get(*stage), out);
  }
  return out;
}

TEST(Residual, IsMeasuredInAnOrthonormalBasisOfTheRuleOfDimensions) {
  for (const char* name : {"vim", "residual"}) {
    const Matrix r = residual_space(name, 40, 7);
    ASSERT_EQ(r.rows, 40U);
    ASSERT_EQ(r.cols, 20U) << name;
    const Matrix product = math::multiply(math::transpose(r), r);
    for (std::size_t i = 0; i < product.rows; ++i) {
      for (std::size_t j = 0; j < product.cols; ++j) {
        EXPECT_NEAR(product(i, j), i == j ? 1 : 0, 1e-12);
      }
    }
  }
  // The error of a fit that is refused says how many dimensions it was to have.
  const auto refusal = [](const char* name, std::size_t width) {
    return io::error_of([&] { residual_space(name, width, 7); });
  };
  EXPECT_THAT(refusal("vim", 600), testing::HasSubstr("outside the first 300 dimensions"));
  EXPECT_THAT(refusal("residual", 768), testing::HasSubstr("outside the first 512 dimensions"));
  EXPECT_EQ(usual_dimensions(192, 7), 96U);
  EXPECT_EQ(usual_dimensions(767, 7), 383U);
  EXPECT_EQ(usual_dimensions(1024, 7), 512U);
  EXPECT_EQ(usual_dimensions(2048, 7), 7U);
}

TEST(Residual, RefusesToLeaveNothing) {
  EXPECT_THAT(io::error_of([] { ToyBank().scores("residual(dim=12)"); }),
              testing::HasSubstr("leaves nothing of 12"));
}

}  // namespace
}  // namespace nescio::detectors
