#include "report/training_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/test_page.h"

namespace nescio::report {
namespace {

using testing::HasSubstr;

constexpr const char* lines =
    "{\"step\":1,\"epoch\":0,\"split\":\"train\",\"lr\":0.1,\"loss\":2.5,\"time\":7}\n"
    "half a li\n"
    "{\"step\":2,\"epoch\":0,\"split\":\"train\",\"lr\":0.1,\"loss\":1.5,\"note\":\"x\"}\n"
    "{\"step\":2,\"epoch\":0,\"split\":\"val\",\"loss\":1.75,\"accuracy\":0.5}\n";

TEST(ReadCurves, TakesTheNumbersOfEachRow) {
  const auto rows = read_curves(lines);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[1].step, 2);
  EXPECT_EQ(rows[1].values.size(), 2u);
  EXPECT_EQ(rows[2].split, "val");
  EXPECT_EQ(rows[2].values[1], (std::pair<std::string, double>("accuracy", 0.5)));
}

TEST(TrainingPage, HasAChartForEachValueAndThreePicturesForEachRow) {
  const image::Image grey{2, 2, 1, {0, 50, 100, 150}};
  const std::string page =
      training_page("RUN", read_curves(lines), {{grey, grey, grey}, {grey, grey, grey}});
  std::size_t pictures = 0, charts = 0;
  for (const Element& element : read_page(page)) {
    pictures += element.name == "img";
    charts += element.name == "svg";
  }
  EXPECT_EQ(pictures, 6u);
  EXPECT_EQ(charts, 2u);  // lr and loss; a single accuracy is no curve
  for (const char* words : {"1.75", "loss of val", "Training: RUN", "seen", "made"}) {
    EXPECT_THAT(page, HasSubstr(words));
  }
  EXPECT_EQ(training_page("RUN", {}, {}).find("<img"), std::string::npos);
}

}  // namespace
}  // namespace nescio::report
