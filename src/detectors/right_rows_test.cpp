#include "detectors/right_rows.h"

#include <gmock/gmock.h>

#include "detectors/toy_bank.h"
#include "io/test_folder.h"

namespace nescio::detectors {
namespace {

using testing::ElementsAre;

statistics::Statistics rows(std::vector<float> logits, std::vector<std::int64_t> labels) {
  const std::size_t n = labels.size();
  return {{"toy", {{"logits", Array({n, 3}, std::move(logits))}}, Array({n}, std::move(labels)), 3},
          Executor::cpu};
}

TEST(RightRows, AreThoseInWhichTheLabelIsSeen) {
  const Inputs in = make_inputs(3, 0, std::nullopt);
  auto split = rows({9, 0, 0, 0, 9, 0, 9, 0, 0, 0, 0, 9, 0, 9, 0}, {0, 1, 1, 2, 0});
  EXPECT_THAT(right_rows(in, split), ElementsAre(0, 1, 3));
  EXPECT_THAT(typical_rows(in, split).rows, ElementsAre(0, 1, 3));
  EXPECT_TRUE(typical_rows(in, split).never_right.empty());
}

TEST(RightRows, AreAllOfAClassThatIsNeverSeenRight) {
  const Inputs in = make_inputs(3, 0, std::nullopt);
  auto split = rows({9, 0, 0, 9, 0, 0, 9, 0, 0, 0, 0, 9, 0, 9, 0}, {0, 1, 1, 2, 0});
  EXPECT_THAT(right_rows(in, split), ElementsAre(0, 3));
  EXPECT_THAT(typical_rows(in, split).rows, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(typical_rows(in, split).never_right, ElementsAre(1));
  auto two = rows({9, 0, 0, 0, 9, 0}, {0, 1});
  EXPECT_THAT(io::error_of([&] { typical_rows(in, two); }),
              testing::HasSubstr("no sample of class 2"));
}

}  // namespace
}  // namespace nescio::detectors
