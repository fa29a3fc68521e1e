#include "cli/description.h"

#include <gtest/gtest.h>

#include "cli/catalogues.h"
#include "detectors/facts.h"

namespace nescio::cli {
namespace {

TEST(Description, OfADetectorIsWhatTheLibrarySaysOfIt) {
  const std::vector<Description> ours = read_catalogue("detectors");
  const auto& all = detectors::catalogue();
  ASSERT_EQ(ours.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(to_json(ours[i]), detectors::describe_as_json(all[i]));
  }
}

}  // namespace
}  // namespace nescio::cli
