#include <gtest/gtest.h>

#include <limits>

#include "cli/inspection.h"

namespace nescio::cli {
namespace {

TEST(FactsText, SingleFactsComeFirstThenListsUnderTheirNames) {
  const Facts facts = {{"kind", "thing"},
                       {"rows",
                        {{{"name", "a"}, {"size", 5}, {"inputs", {{"x", 1}}}},
                         {{"name", "bcd"}, {"size", 12345}, {"more", "yes"}}}},
                       {"mean_share", 0.123456},
                       {"model", {{"network", "resnet20"}, {"is_new", true}}}};
  EXPECT_EQ(facts_text(facts),
            "kind        thing\n"
            "mean share  0.1235\n"
            "network     resnet20\n"
            "is new      yes\n"
            "\n"
            "rows\n"
            "name   size  more\n"
            "a         5\n"
            "bcd   12345  yes\n");
}

TEST(FactsText, CutsLongCellsOfTables) {
  const std::string spec = "cifar10:DIR?except=" + std::string(5000, '8');
  const std::string said =
      facts_text({{"kind", "thing"}, {"splits", {{{"data", spec}, {"rows", 5}}}}});
  EXPECT_LT(said.size(), 300U);
  EXPECT_NE(said.find("cifar10:DIR?except=888"), std::string::npos);
}

TEST(FactsText, LeavesOutWhatIsNotKnownAndShortensWhatIsLong) {
  const Facts facts = {{"kind", "thing"},
                       {"nothing", nullptr},
                       {"empty", ""},
                       {"none", Facts::array()},
                       {"no_number", std::numeric_limits<double>::quiet_NaN()},
                       {"data_sha256", std::string(64, 'f')},
                       {"shape", {2, 3}},
                       {"steps", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}},
                       {"reads", {"logits", "features"}}};
  EXPECT_EQ(facts_text(facts),
            "kind         thing\n"
            "data sha256  ffffffffffff\n"
            "shape        [2, 3]\n"
            "steps        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, and 2 more]\n"
            "reads        logits, features\n");
}

}  // namespace
}  // namespace nescio::cli
