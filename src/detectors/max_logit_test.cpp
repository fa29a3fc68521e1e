#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

TEST(MaxLogit, IsTheLargestLogitNegated) {
  const ToyBank bank;
  expect_formula(bank, "max_logit",
                 [&](std::size_t r) { return -std::ranges::max(bank.test_logits[r]); });
}

}  // namespace
}  // namespace nescio::detectors
