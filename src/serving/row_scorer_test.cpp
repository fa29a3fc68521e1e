#include "serving/row_scorer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "io/test_folder.h"

namespace nescio::serving {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

detectors::FittedDetector detector(const std::string& spec, bool with_head) {
  detectors::FittedDetector out{.chain = detectors::Chain(spec), .head = {}, .origin = {}};
  out.classes = 2;
  if (with_head) {
    out.head = Head{Array({2, 3}, std::vector<float>{1, 0, 0, 0, 1, 1}),
                    Array({2}, std::vector<float>{0, 1})};
  }
  return out;
}

const Array features({2, 3}, std::vector<float>{2, 0, 0, 0, 1, 3});
const Array logits({2, 2}, std::vector<float>{2, 1, 0, 5});  // of these features by this head

TEST(RowScorer, ScoresLogitsAndWhatTheHeadMakesOfFeatures) {
  const RowScorer scorer(detector("energy", true));
  const auto said = scorer.score({{"logits", logits}});
  EXPECT_NEAR(said.scores[0], -std::log(std::exp(2) + std::exp(1)), 1e-6);
  EXPECT_NEAR(said.scores[1], -std::log(1 + std::exp(5)), 1e-6);
  EXPECT_THAT(said.predicted, ElementsAre(0, 1));
  const auto followed = scorer.score({{"features", features}});
  for (std::size_t r = 0; r < 2; ++r) EXPECT_NEAR(followed.scores[r], said.scores[r], 1e-6);
  EXPECT_EQ(followed.predicted, said.predicted);
  // The network's own logits are taken where they are there.
  EXPECT_EQ(scorer.score({{"features", features}, {"logits", logits}}).scores, said.scores);
}

TEST(RowScorer, SeesClassesByTheHeadWhateverTheScoreReads) {
  detectors::FittedDetector odin = detector("odin", true);
  const std::string array = odin.chain.needs().arrays.front();
  odin.arrays = {{array, 2}};
  const RowScorer scorer(std::move(odin));
  const Array passes({2, 2}, std::vector<float>{2, 1, 0, 5});
  const auto alone = scorer.score({{array, passes}});
  EXPECT_TRUE(alone.predicted.empty());
  const auto with_features = scorer.score({{array, passes}, {"features", features}});
  EXPECT_EQ(with_features.scores, alone.scores);
  EXPECT_THAT(with_features.predicted, ElementsAre(0, 1));
}

TEST(RowScorer, RefusesRowsThatItCannotRead) {
  const RowScorer scorer(detector("energy", false));
  const auto refusal = [&](const std::map<std::string, Array>& arrays) {
    return io::error_of([&] { scorer.score(arrays); });
  };
  EXPECT_THAT(refusal({}), HasSubstr("logits is missing"));
  EXPECT_THAT(refusal({{"features", features}}), HasSubstr("logits is missing"));
  EXPECT_THAT(refusal({{"logits", features}}),
              HasSubstr("expected [N, 2] with at least one row, found [2, 3]"));
  EXPECT_THAT(refusal({{"logit", logits}}), HasSubstr("Did you mean 'logits'?"));
  EXPECT_THAT(refusal({{"logits", logits}, {"features", features.slice(0, 1)}}),
              HasSubstr("as many rows"));
  EXPECT_THAT(refusal({{"logits", Array({1, 2}, std::vector<float>{NAN, 0})}}),
              HasSubstr("logits"));
  EXPECT_THAT(io::error_of([] { RowScorer(detector("energy", true)).score({}); }),
              HasSubstr("needs logits; logits (or features) is missing"));
}

}  // namespace
}  // namespace nescio::serving
