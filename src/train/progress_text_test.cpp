#include "train/progress_text.h"

#include <gtest/gtest.h>

namespace nescio::train {
namespace {

TEST(ProgressText, SaysRateTimeLossAndAccuracy) {
  EXPECT_EQ(progress_text({811.6, 64.7, 0.69314, 0.5}),
            "812 images/s  1:05 left  loss 0.693  accuracy 0.500");
  EXPECT_EQ(progress_text({9, 7269, 12}), "9 images/s  2:01:09 left  loss 12.000");
  EXPECT_EQ(progress_text({9, 1, 3, 0.5, {{"id", 1}, {"outliers", 2}}}),
            "9 images/s  0:01 left  loss 3.000  accuracy 0.500  id 1.000  outliers 2.000");
  EXPECT_EQ(progress_text({9, 59.6, 0}), "9 images/s  1:00 left  loss 0.000");
}

}  // namespace
}  // namespace nescio::train
