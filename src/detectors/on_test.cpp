#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using testing::HasSubstr;

TEST(On, ScoresTheTapInThePlaceOfTheFeatures) {
  const ToyBank bank;
  // The nearest of the training rows, in values that are what the probe gives here.
  const auto train = ToyBank::probed(bank.train_logits), test = ToyBank::probed(bank.test_logits);
  expect_formula(bank, "on(layer2)+knn(k=1,normalize=false)", [&](std::size_t r) {
    double nearest = 1e300;
    for (const auto& row : train) {
      double sum = 0;
      for (std::size_t i = 0; i < row.size(); ++i) {
        sum += (row[i] - test[r][i]) * (row[i] - test[r][i]);
      }
      nearest = std::min(nearest, sum);
    }
    return std::sqrt(nearest);
  });
  EXPECT_EQ(bank.scores("on(tap=layer2)+mahalanobis"), bank.scores("on(layer2)+mahalanobis"));
}

TEST(On, NeedsTheArrayOfItsTap) {
  EXPECT_THAT(Chain("on(layer6_cls)+mahalanobis").needs().arrays,
              testing::ElementsAre("tap(at=layer6_cls)"));
  EXPECT_EQ(Chain("on( layer6 )+knn").spec(), "on(layer6)+knn");
}

TEST(On, IsRefusedWhereTheHeadReadsOtherFeatures) {
  const ToyBank bank;  // the tap is 5 wide, the features 12
  for (const char* spec : {"on(layer2)+vim", "on(layer2)+react+energy"}) {
    EXPECT_THAT(io::error_of([&] { bank.scores(spec); }),
                testing::AllOf(HasSubstr("the last layer of the network reads"),
                               HasSubstr("these are of another place")))
        << spec;
  }
}

TEST(On, IsRefusedBeforeWhatReadsNoFeatures) {
  const ToyBank bank;
  EXPECT_THAT(io::error_of([&] { bank.scores("on(layer2)+energy"); }),
              HasSubstr("on changes nothing that energy reads"));
  EXPECT_THAT(io::error_of([] { Chain("on(layer2,layer3)+knn"); }), HasSubstr("key=value"));
  EXPECT_THAT(io::error_of([] { Chain("knn(layer2)"); }), HasSubstr("key=value"));
}

}  // namespace
}  // namespace nescio::detectors
