#include <gmock/gmock.h>

#include "detectors/toy_bank.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

void expect_caref(const ToyBank& bank) {
  std::vector<Row> means;
  for (std::size_t c = 0; c < ToyBank::classes; ++c) {
    std::vector<Row> of_class;
    for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
      if (seen_class(bank.train_logits[r]) == c) of_class.push_back(bank.train_features[r]);
    }
    if (of_class.empty()) of_class = bank.train_features;
    Row& mean = means.emplace_back(ToyBank::width, 0);
    for (const Row& h : of_class) {
      for (std::size_t d = 0; d < h.size(); ++d) mean[d] += h[d] / double(of_class.size());
    }
  }
  expect_formula(bank, "caref", [&](std::size_t r) {
    const Row& h = bank.test_features[r];
    const Row& mean = means[seen_class(bank.test_logits[r])];
    double error = 0, size = 0;
    for (std::size_t d = 0; d < h.size(); ++d) {
      error += std::abs(h[d] - mean[d]);
      size += std::abs(h[d]);
    }
    return error / size;
  });
}

// In which the network sees every class.
ToyBank bank_of_right_answers() {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    bank.train_logits[r][static_cast<std::size_t>(bank.labels[r])] += 100;
  }
  return bank;
}

TEST(CaRef, IsTheRelativeDistanceToTheMeanOfTheClassThatIsSeen) {
  ToyBank bank = bank_of_right_answers();
  EXPECT_THAT(bank.notices("caref"), testing::IsEmpty());
  expect_caref(bank);
  bank.labels.assign(ToyBank::train_rows, -1);  // which are not asked
  expect_caref(bank);
}

TEST(CaRef, TakesTheMeanOfAllForAClassThatIsNeverSeen) {
  ToyBank bank = bank_of_right_answers();
  for (Row& z : bank.train_logits) z[4] = -100;
  EXPECT_THAT(bank.notices("caref"),
              testing::ElementsAre(testing::HasSubstr("sees 1 of the 5 classes (4) in no row")));
  expect_caref(bank);
}

}  // namespace
}  // namespace nescio::detectors
