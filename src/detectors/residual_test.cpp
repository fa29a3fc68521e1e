#include <gmock/gmock.h>

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

TEST(Residual, RefusesToLeaveNothing) {
  EXPECT_THAT(io::error_of([] { ToyBank().scores("residual(dim=12)"); }),
              testing::HasSubstr("leaves nothing of 12"));
}

}  // namespace
}  // namespace nescio::detectors
