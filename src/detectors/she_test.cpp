#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using Row = std::vector<double>;

// Mean features of the rows of each class that are classified right, else of all its rows.
std::vector<Row> patterns(const ToyBank& bank) {
  std::vector<Row> out;
  for (std::size_t c = 0; c < ToyBank::classes; ++c) {
    std::vector<Row> right, all;
    for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
      if (bank.labels[r] != static_cast<std::int64_t>(c)) continue;
      all.push_back(bank.train_features[r]);
      if (seen_class(bank.train_logits[r]) == c) right.push_back(bank.train_features[r]);
    }
    const auto& rows = right.empty() ? all : right;
    Row mean(ToyBank::width, 0);
    for (const Row& h : rows) {
      for (std::size_t d = 0; d < h.size(); ++d) {
        mean[d] += h[d] / static_cast<double>(rows.size());
      }
    }
    out.push_back(mean);
  }
  return out;
}

void expect_she(const ToyBank& bank) {
  const auto stored = patterns(bank);
  const auto pattern = [&](std::size_t r) { return stored[seen_class(bank.test_logits[r])]; };
  expect_formula(bank, "she",
                 [&](std::size_t r) { return -dot(bank.test_features[r], pattern(r)); });
  expect_formula(bank, "she(metric=euclidean)", [&](std::size_t r) {
    double sum = 0;
    for (std::size_t d = 0; d < ToyBank::width; ++d) {
      sum += std::pow(bank.test_features[r][d] - pattern(r)[d], 2);
    }
    return std::sqrt(sum);
  });
  expect_formula(bank, "she(metric=cosine)", [&](std::size_t r) {
    const Row& h = bank.test_features[r];
    const Row s = pattern(r);
    return -dot(h, s) / std::sqrt(dot(h, h) * dot(s, s));
  });
}

// Over the rows of the class that is seen, which are classified right, else over all its rows.
double hopfield_energy(const ToyBank& bank, std::size_t row, double beta) {
  const std::size_t c = seen_class(bank.test_logits[row]);
  Row right, all;
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    if (bank.labels[r] != static_cast<std::int64_t>(c)) continue;
    all.push_back(beta * dot(bank.test_features[row], bank.train_features[r]));
    if (seen_class(bank.train_logits[r]) == c) right.push_back(all.back());
  }
  return -log_sum_exp(right.empty() ? all : right) / beta;
}

TEST(She, IsTheEnergyOfAllRowsWithHopfield) {
  ToyBank bank;
  for (Row& z : bank.train_logits) z[2] = -100;
  for (const double beta : {0.01, 1.0, 20.0}) {
    expect_formula(bank, text("she(metric=hopfield,beta=", format_number(beta), ")"),
                   [&](std::size_t r) { return hopfield_energy(bank, r, beta); });
  }
  EXPECT_THAT(io::error_of([] { Chain("she(beta=2)"); }), testing::HasSubstr("does nothing here"));
}

TEST(She, SavesRowsOnlyWithHopfield) {
  const std::map<std::string, Array> before = {
      {"0.patterns", Array({3, 4}, std::vector<float>(12, 1))}};
  Chain chain("she");
  chain.load(before);
  EXPECT_EQ(chain.learned().size(), 1u);
  const Inputs in = make_inputs(3, 4, std::nullopt);
  EXPECT_EQ(io::error_of([&] { chain.score(in); }), "");
  Chain hopfield_energy("she(metric=hopfield)");
  hopfield_energy.load(before);
  EXPECT_THAT(io::error_of([&] { hopfield_energy.score(in); }),
              testing::HasSubstr("the stored rows"));
}

TEST(She, ComparesWithThePatternOfTheClassThatIsSeen) { expect_she(ToyBank()); }

TEST(She, TakesAllRowsOfAClassThatIsNeverSeenRight) {
  ToyBank bank;
  for (std::size_t r = 0; r < ToyBank::train_rows; ++r) {
    bank.train_logits[r][static_cast<std::size_t>(bank.labels[r])] += 100;
  }
  EXPECT_THAT(bank.notices("she"), testing::IsEmpty());
  for (Row& z : bank.train_logits) z[2] = -100;
  EXPECT_THAT(bank.notices("she"),
              testing::ElementsAre(testing::HasSubstr("of 1 of the 5 classes (2) no row of")));
  expect_she(bank);
}

TEST(She, RefusesPatternsOfOtherClasses) {
  Chain chain("she");
  chain.load({{"0.patterns", Array({2, 4}, std::vector<float>(8))}});
  EXPECT_THAT(io::error_of([&] { chain.score(make_inputs(3, 4, std::nullopt)); }),
              testing::HasSubstr("a pattern for each of 3 classes, found 2"));
}

}  // namespace
}  // namespace nescio::detectors
