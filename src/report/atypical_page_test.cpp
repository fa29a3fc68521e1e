#include "report/atypical_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/test_page.h"

namespace nescio::report {
namespace {

TEST(AtypicalPage, ShowsBothEndsOfEachClass) {
  const auto data = image::open_dataset("procedural:shapes?count=60&classes=0,1");
  std::vector<AtypicalPicture> ranked;
  for (std::size_t i = 0; i < data->size(); ++i) {
    ranked.push_back({i, data->label(i), 0, 1 - static_cast<double>(i) / 12, 0.5});
  }
  const std::string page = atypical_page(*data, ranked, 8, 0.965);
  std::size_t pictures = 0;
  for (const Element& element : read_page(page)) pictures += element.name == "img";
  EXPECT_EQ(pictures, 2 * data->size());  // six of each class, at both ends
  EXPECT_THAT(page, testing::HasSubstr(data->class_names()[1]));
  EXPECT_THAT(page, testing::HasSubstr("wrong under 8 of 8"));
  EXPECT_LT(page.find("wrong under 8 of 8"), page.find("wrong under 6 of 8"));
  EXPECT_THAT(page, testing::HasSubstr("keep 0.965 of the weights"));
}

}  // namespace
}  // namespace nescio::report
