#include "metrics/distributions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace nescio::metrics {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Normal, EqualsTables) {
  EXPECT_NEAR(normal_z(0.95), 1.959963984540054, 1e-13);
  EXPECT_NEAR(normal_z(0.5), 0.6744897501960817, 1e-13);
  EXPECT_NEAR(normal_z(0.999), 3.290526731491926, 1e-12);
  for (const double confidence : {0.0, 1.0, -1.0, 95.0, std::nan("")}) {
    EXPECT_THAT([&] { normal_z(confidence); },
                ThrowsMessage<Error>(HasSubstr("confidence: expected a number between 0 and 1")));
  }
}

// Quantiles of scipy.stats.t (1.17): ppf((1 + confidence) / 2, freedom).
TEST(StudentT, EqualsTables) {
  EXPECT_NEAR(student_t(0.95, 1), 12.706204736174694, 1e-11);
  EXPECT_NEAR(student_t(0.95, 2), 4.302652729749462, 1e-12);
  EXPECT_NEAR(student_t(0.95, 3), 3.1824463052837078, 1e-12);
  EXPECT_NEAR(student_t(0.99, 4), 4.604094871349992, 1e-12);
  EXPECT_NEAR(student_t(0.8, 9), 1.3830287383966329, 1e-12);
  EXPECT_NEAR(student_t(0.95, 30), 2.0422724563012378, 1e-12);
  EXPECT_NEAR(student_t(0.95, 100000), normal_z(0.95), 1e-4);
  EXPECT_THROW(student_t(0.95, 0), Error);
  EXPECT_THROW(student_t(1, 2), Error);
}

}  // namespace
}  // namespace nescio::metrics
